package samples

import (
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/models/atomicfile"
	"innate/trainer/run"
	"innate/tui/host"
	"innate/tui/sixel"
	"innate/tui/widget"
)

// savedMsg ends the writing of a picture. If a file of that name was there,
// nothing has been written.
type savedMsg struct {
	path   string
	img    image.Image
	exists bool
	err    error
}

// savedCanvas is what composed pictures are written for; a grid is written as it
// is.
var savedCanvas = host.Canvas{Mode: sixel.Blocks, At: host.Rect{W: 1920, H: 540}, CellW: 1, CellH: 2}

// picturePNG is what shows, for a file: the run's pixels, not the terminal's.
func (v *View) picturePNG() image.Image {
	if grid, _ := v.source(); !v.h.Shows(v) || v.stage == stageGrid || grid == nil {
		return grid
	}
	copied := *v
	copied.frames, copied.plate = v.plate.film, plate{}
	return copied.compose(savedCanvas).img
}

// saveName suggests a name in the working directory.
func (v *View) saveName() string {
	name := v.h.Run().Info.Name
	switch {
	case !v.h.Shows(v):
	case v.stage == stageTeacher:
		name += "-teacher"
	case v.stage == stageTile:
		name += fmt.Sprintf("-sample%d", v.cell+1)
	}
	if v.fresh != nil {
		return fmt.Sprintf("%s-%skimg-seed%d.png", name, widget.Kimg(v.fresh.nimg), v.fresh.seed)
	}
	return name + "-" + kimgOf(v.shown) + "kimg.png"
}

// askSave asks for a file name.
func (v *View) askSave() tea.Cmd {
	if v.picturePNG() == nil {
		return v.h.Fail(errors.New("write: no samples yet"))
	}
	return v.h.Prompt(host.Prompt{Sign: "write ", Text: v.saveName(), Hint: "a PNG file", Accept: v.save})
}

// save writes what shows to a file that isn't there yet.
func (v *View) save(path string) tea.Cmd {
	if path = v.h.Options().TypedPath(path); path != "" {
		path = inFolder(path, v.saveName())
	}
	img := v.picturePNG()
	switch {
	case path == "":
		return nil
	case img == nil:
		return v.h.Fail(errors.New("write: no samples yet"))
	case !strings.EqualFold(filepath.Ext(path), ".png"):
		path += ".png"
	}
	return savePNG(path, img, false)
}

// saved says where the picture is, or asks before it replaces another file.
func (v *View) saved(m savedMsg) tea.Cmd {
	switch {
	case m.err != nil:
		return v.h.Fail(m.err)
	case m.exists:
		return v.h.Ask(host.Question{
			Text: widget.Plain(m.path) + " exists. Overwrite it?",
			Yes:  func() tea.Cmd { return savePNG(m.path, m.img, true) },
		})
	}
	path := m.path
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return v.h.Notify("wrote "+path, v.h.Theme().Good)
}

// savePNG writes a picture, whole or not at all. A file that is there is only
// replaced on demand: a new one takes its name first.
func savePNG(path string, img image.Image, replace bool) tea.Cmd {
	return func() tea.Msg {
		m := savedMsg{path: path, img: img}
		if !replace {
			claim, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			if errors.Is(err, fs.ErrExist) {
				m.exists = true
				return m
			}
			if err != nil {
				m.err = fmt.Errorf("write: %w", err)
				return m
			}
			claim.Close()
		}
		err := atomicfile.Write(path, atomicfile.SyncFile, func(w io.Writer) error { return png.Encode(w, img) })
		if err == nil {
			return m
		}
		if !replace {
			os.Remove(path)
		}
		m.err = fmt.Errorf("write: %w", err)
		return m
	}
}

// copyPath copies the path of the grid that shows.
func (v *View) copyPath() tea.Cmd {
	grid, file := v.source()
	if grid == nil {
		return v.h.Fail(errors.New("copy: no samples yet"))
	}
	path := filepath.Join(v.h.Run().Dir, run.SamplesDir, file)
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return v.h.Copy("path", path)
}

// inFolder puts a name behind a path that is a folder's.
func inFolder(path, name string) string {
	info, err := os.Stat(path)
	if strings.HasSuffix(path, "/") || err == nil && info.IsDir() {
		return filepath.Join(path, name)
	}
	return path
}
