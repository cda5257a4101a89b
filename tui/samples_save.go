package tui

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

// Composed pictures are written as for a box of this size; a grid as it is.
const savedCols, savedRows = 1920, 540 // of one by two pixels

// picturePNG is what shows, for a file: the run's pixels, not the terminal's.
func (a *App) picturePNG() image.Image {
	v := a.run.grids()
	if grid, _ := v.source(); !a.Shows(v) || v.stage == stageGrid || grid == nil {
		return grid
	}
	copied, mode := *v, a.display.Mode
	copied.frames, copied.plate, a.display.Mode = v.plate.film, plate{}, sixel.Blocks
	p := copied.compose(host.Rect{W: savedCols, H: savedRows})
	a.display.Mode = mode
	return p.img
}

// saveName suggests a name in the working directory.
func (a *App) saveName() string {
	v := a.run.grids()
	name := a.run.Info.Name
	switch {
	case !a.Shows(v):
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
func (a *App) askSave() tea.Cmd {
	if a.picturePNG() == nil {
		return a.Fail(errors.New("write: no samples yet"))
	}
	return a.Prompt(host.Prompt{Sign: "write ", Text: a.saveName(), Hint: "a PNG file", Accept: a.save})
}

// commandSave is askSave without the question.
func (a *App) commandSave(args []string) tea.Cmd {
	name := strings.Join(args, " ")
	if name == "" {
		name = a.saveName()
	}
	return a.save(name)
}

// save writes what shows to a file that isn't there yet.
func (a *App) save(path string) tea.Cmd {
	if path = a.typedPath(path); path != "" {
		path = inFolder(path, a.saveName())
	}
	img := a.picturePNG()
	switch {
	case path == "":
		return nil
	case img == nil:
		return a.Fail(errors.New("write: no samples yet"))
	case !strings.EqualFold(filepath.Ext(path), ".png"):
		path += ".png"
	}
	return savePNG(path, img, false)
}

// saved says where the picture is, or asks before it replaces another file.
func (a *App) saved(m savedMsg) tea.Cmd {
	switch {
	case m.err != nil:
		return a.Fail(m.err)
	case m.exists:
		return a.Ask(host.Question{
			Text: widget.Plain(m.path) + " exists. Overwrite it?",
			Yes:  func() tea.Cmd { return savePNG(m.path, m.img, true) },
		})
	}
	path := m.path
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return a.Notify("wrote "+path, a.theme.Good)
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

// copySample copies the path of the grid that shows.
func (a *App) copySample() tea.Cmd {
	grid, file := a.run.grids().source()
	if grid == nil {
		return a.Fail(errors.New("copy: no samples yet"))
	}
	path := filepath.Join(a.run.Dir, run.SamplesDir, file)
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return a.Copy("path", path)
}
