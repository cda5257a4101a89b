package tensorboard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"innate/models/atomicfile"
	"innate/trainer/run"

	"google.golang.org/protobuf/encoding/protowire"
)

const fileSuffix = ".innate"

// Cut removes from a run's event files the steps beyond nimg, from where the
// run resumes; one that resumes at its first image begins again, and nothing
// of it counts. SessionLog.START says the same, but TensorBoard's default loader
// does not heed it: it drops an old point only when a newer one of the same tag
// has the same step or a lower one, so that tags which are written rarely, such
// as FID, would keep the points of a branch that is gone. Event files of others
// are left alone.
func Cut(runDir string, nimg int64) error {
	dir := filepath.Join(runDir, run.TensorBoardDir)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), filePrefix) || !strings.HasSuffix(e.Name(), fileSuffix) || !e.Type().IsRegular() {
			continue
		}
		if err := cutFile(filepath.Join(dir, e.Name()), lastStep(nimg)); err != nil {
			return fmt.Errorf("%s: %w", e.Name(), err)
		}
	}
	return nil
}

// lastStep is the last step that counts of a run that resumes at nimg.
func lastStep(nimg int64) int64 {
	if nimg == 0 {
		return -1
	}
	return nimg
}

// cutFile removes the records beyond step last. A file that has none stays as it
// is, and one of which nothing is left goes.
func cutFile(path string, last int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	kept, dropped, err := keptRecords(f, info.Size(), last)
	switch {
	case err != nil || !dropped:
		return err
	case kept == nil:
		return os.Remove(path)
	}
	return replace(path, f, kept)
}

// span is a stretch of whole records in a file.
type span struct{ from, to int64 }

// keptRecords finds the records up to step last, and whether there are others.
// Steps need not rise within a file: an evaluation ends long after the images
// that it is about. What follows a record that is torn or damaged, nobody can
// read. A file without any content, apart from its version, has no spans.
func keptRecords(r io.ReaderAt, size, last int64) (kept []span, dropped bool, err error) {
	var head [recordHead + eventHead]byte
	content := false
	for at := int64(0); at < size; {
		n, err := r.ReadAt(head[:], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, false, err
		}
		length, ok := recordLength(head[:n])
		end := at + recordHead + length + recordTail
		if !ok || length > size || end > size {
			break
		}
		step, version := eventStep(head[recordHead:min(int64(n), recordHead+length)])
		switch {
		case step > last && !version:
			dropped = true
		case len(kept) > 0 && kept[len(kept)-1].to == at:
			kept[len(kept)-1].to = end
			content = content || !version
		default:
			kept = append(kept, span{at, end})
			content = content || !version
		}
		at = end
	}
	if !content {
		kept = nil
	}
	return kept, dropped, nil
}

// A TFRecord is its length and the length's checksum, the data, and the data's
// checksum. The step of an Event lies within its first bytes.
const (
	recordHead = 12
	recordTail = 4
	eventHead  = 32
)

// recordLength reads how long a record's data are from its head.
func recordLength(b []byte) (length int64, ok bool) {
	if len(b) < recordHead || binary.LittleEndian.Uint32(b[8:]) != maskedCRC(b[:8]) {
		return 0, false
	}
	length = int64(binary.LittleEndian.Uint64(b))
	return length, length >= 0
}

// eventStep reads the step from the beginning of an Event as this package
// writes it, and whether the event is the file's version, which has none.
func eventStep(b []byte) (step int64, version bool) {
	for len(b) > 0 {
		field, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			break
		}
		b = b[n:]
		switch {
		case field == 2 && kind == protowire.VarintType:
			v, n := protowire.ConsumeVarint(b)
			if n < 0 {
				return step, version
			}
			step = int64(v)
			b = b[n:]
		case field == 3:
			return step, true
		case kind == protowire.BytesType: // the content, which comes last
			return step, false
		default:
			if n = protowire.ConsumeFieldValue(field, kind, b); n < 0 {
				return step, version
			}
			b = b[n:]
		}
	}
	return step, version
}

// replace writes the kept stretches of f in its place, in one step: a reader that has
// the file open reads the old one to its end.
func replace(path string, f *os.File, kept []span) error {
	return atomicfile.Write(path, atomicfile.SyncFile, func(w io.Writer) error {
		for _, s := range kept {
			if _, err := io.Copy(w, io.NewSectionReader(f, s.from, s.to-s.from)); err != nil {
				return err
			}
		}
		return nil
	})
}
