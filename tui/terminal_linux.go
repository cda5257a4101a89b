package tui

import (
	"os"

	"golang.org/x/sys/unix"
)

// discardOutput frees a write to a terminal that doesn't read: it drops
// what the terminal has not read, and wakes the writer, which dropping alone does
// not.
func discardOutput(out *os.File) {
	fd := int(out.Fd())
	_ = unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCOFLUSH)
	_ = unix.IoctlSetInt(fd, unix.TCXONC, unix.TCOOFF)
	_ = unix.IoctlSetInt(fd, unix.TCXONC, unix.TCOON)
}

// discardInput drops what came in and was not read.
func discardInput(in *os.File) { _ = unix.IoctlSetInt(int(in.Fd()), unix.TCFLSH, unix.TCIFLUSH) }
