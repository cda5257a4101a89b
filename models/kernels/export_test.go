package kernels

// SetConvMode is INNATE_CONV for what is prepared from now on.
func SetConvMode(mode string) { convMode = mode }

// WinogradTile is the choice of the active implementation.
func WinogradTile(s ConvShape) int { return active.winogradTile(s) }
