package atomicfile

import "os"

// earlyBytes is how much of a file waits before the disk is asked to begin with it.
const earlyBytes = 16 << 20

// early is a file whose bytes go to the disk while further ones are made, so that
// the sync at the end finds little left to wait for.
type early struct {
	*os.File
	at, begun int64 // bytes written, and those that the disk was asked to write
}

func (e *early) Write(p []byte) (int, error) {
	n, err := e.File.Write(p)
	e.at += int64(n)
	if e.at-e.begun >= earlyBytes {
		beginWriting(e.File, e.begun, e.at-e.begun)
		e.begun = e.at
	}
	return n, err
}
