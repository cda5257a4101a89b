package session

import (
	"context"
	"fmt"
	"image"
	_ "image/png" // samples are PNG
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/run"
)

// GridMsg brings a decoded grid of samples.
type GridMsg struct {
	Dir, File string
	Image     image.Image
	Err       error
}

// GridNimg tells the run's own grids from other pictures beside them, such as
// the teacher's: their names are the number of images seen, 000120000.png.
func GridNimg(file string) (nimg int64, ok bool) {
	stem, isPNG := strings.CutSuffix(file, ".png")
	nimg, err := strconv.ParseInt(stem, 10, 64)
	return nimg, isPNG && err == nil && nimg >= 0
}

// Bring fetches a file of a run's samples, by its path in the directory, where that is
// a copy in which the file is still empty.
type Bring func(ctx context.Context, dir, file string) error

// bringTimeout is how long a grid of another machine may take.
const bringTimeout = 30 * time.Second

// BringBy has grids fetched before they are read: the directory is a copy.
func (r *Run) BringBy(b Bring) { r.poller.bring = b }

// FetchGrid reads one grid of the run.
func (r *Run) FetchGrid(file string) tea.Cmd {
	return func() tea.Msg { return r.ReadGrid(file) }
}

// ReadGrid is FetchGrid at once, for commands.
func (r *Run) ReadGrid(file string) GridMsg { return r.poller.readGrid(file) }

func (p *poller) readGrid(file string) GridMsg {
	m := GridMsg{Dir: p.dir, File: file}
	if p.bring != nil {
		ctx, cancel := context.WithTimeout(context.Background(), bringTimeout)
		defer cancel()
		if m.Err = p.bring(ctx, p.dir, run.SamplesDir+"/"+file); m.Err != nil {
			return m
		}
	}
	m.Image, m.Err = ReadImage(filepath.Join(p.dir, run.SamplesDir, file))
	return m
}

// maxImageBytes bounds the file of an image, and its pixels: grids are far
// smaller.
const maxImageBytes = 64 << 20

// ReadImage decodes a PNG file of a sensible size.
func ReadImage(path string) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("sample: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > maxImageBytes {
		return nil, fmt.Errorf("sample: %s: %d bytes, want at most %d", path, info.Size(), maxImageBytes)
	}
	cfg, _, err := image.DecodeConfig(f)
	if err == nil && cfg.Width*cfg.Height > maxImageBytes {
		err = fmt.Errorf("%d by %d pixels, want at most %d in all", cfg.Width, cfg.Height, maxImageBytes)
	}
	var img image.Image
	if err == nil {
		if _, err = f.Seek(0, 0); err == nil {
			img, _, err = image.Decode(f)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("sample: %s: %w", path, err)
	}
	return img, nil
}
