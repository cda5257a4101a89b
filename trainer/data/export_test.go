package data

// NormalTail draws from the part of the normal distribution beyond ZigR, which
// FillNormal reaches too rarely for a test of its shape.
func NormalTail(r *Rand) float32 { return normalTail(&r.pcg, false) }

// ZigR is where the tail begins.
const ZigR = zigR
