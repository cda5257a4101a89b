package run

import "fmt"

// WayBack is a checkpoint from before a live change, to which a run can go back.
type WayBack struct {
	Nimg   int64  `json:"nimg"`   // images seen
	Before string `json:"before"` // the change, setting by setting
	Bytes  int64  `json:"bytes"`  // of the file
	Config string `json:"-"`      // config.toml as it was
}

// BackFile is the name of such a checkpoint at nimg images.
func BackFile(nimg int64) string { return fmt.Sprintf("%09d%s", nimg, BackExt) }
