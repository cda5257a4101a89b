package download

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// part is an unfinished file, which one process alone writes.
type part struct {
	*os.File
	size int64  // bytes that have arrived
	from string // the version that they are of; "" where none is known
}

// fromExt is what the name of the file that tells the version ends in.
const fromExt = ".from"

// openPart opens what there is of an earlier attempt, or an empty file.
func openPart(path string) (*part, error) {
	f, err := os.OpenFile(path+PartExt, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("download: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("download: %s: another process is fetching it", path)
		}
		return nil, fmt.Errorf("download: lock %s: %w", f.Name(), err)
	}
	// Who held the lock may have given the file its name, or removed it, meanwhile.
	now, _ := os.Stat(f.Name())
	if mine, err := f.Stat(); err != nil || !os.SameFile(now, mine) {
		f.Close()
		return nil, fmt.Errorf("download: %s: another process was fetching it, look again", path)
	}
	p := &part{File: f}
	if p.size, err = f.Seek(0, io.SeekEnd); err != nil {
		f.Close()
		return nil, fmt.Errorf("download: %w", err)
	}
	b, err := os.ReadFile(f.Name() + fromExt)
	if err == nil {
		p.from = strings.TrimSpace(string(b))
	}
	return p, nil
}

// restart empties the part, for the version that from tells.
func (p *part) restart(from string) error {
	if err := p.Truncate(0); err != nil {
		return err
	}
	if _, err := p.Seek(0, io.SeekStart); err != nil {
		return err
	}
	p.size, p.from = 0, from
	return os.WriteFile(p.Name()+fromExt, []byte(from+"\n"), 0o644)
}

// Write appends to the part.
func (p *part) Write(b []byte) (int, error) {
	n, err := p.File.Write(b)
	p.size += int64(n)
	return n, err
}

// finish gives the whole file its name.
func (p *part) finish(path string) error {
	if err := p.Sync(); err != nil {
		return fmt.Errorf("download: %w", err)
	}
	if err := os.Rename(p.Name(), path); err != nil {
		return fmt.Errorf("download: %w", err)
	}
	os.Remove(p.Name() + fromExt)
	return nil
}

// discard removes what has arrived.
func (p *part) discard() {
	os.Remove(p.Name())
	os.Remove(p.Name() + fromExt)
}

// close lets another process continue. A part without a byte is not kept.
func (p *part) close() {
	if p.size == 0 {
		p.discard()
	}
	p.Close()
}
