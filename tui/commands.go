package tui

import (
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/png" // samples are PNG
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/sys/unix"

	"innate/trainer/control"
	"innate/trainer/runlog"
)

// tick waits; tests replace it by something that doesn't.
var tick = tea.Tick

// poller follows the files of one run. It is used by one command at a time: the
// next poll is issued when the last one's message has arrived.
type poller struct {
	dir       string
	reader    *runlog.Reader
	checked   time.Time // last look at lock and heartbeat
	statusMod stamp
	layersMod stamp
	configMod stamp
	sampleMod stamp
	newest    string // last sample read
	torn      torn   // the newest sample, while it does not decode
	layers    layerTail
}

// torn is a sample that may still be being written, and since when by our clock:
// that of the file's server may be another.
type torn struct {
	file  string
	since time.Time
}

// stamp tells versions of a file apart.
type stamp struct {
	mod  time.Time
	size int64
}

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stamp{info.ModTime(), info.Size()}
}

func newPoller(dir string) *poller {
	return &poller{dir: dir, reader: runlog.NewReader(dir)}
}

// pollTime bounds how long one poll reads a long history; the next one follows
// at once, but the screen shows what there is in between.
const pollTime = 40 * time.Millisecond

// poll looks at everything once.
func (p *poller) poll(now time.Time) pollMsg {
	m := pollMsg{from: p}
	for start := time.Now(); ; {
		u, err := p.reader.Poll()
		if err != nil {
			m.err = err
			break
		}
		if u.Reset || u.Rewind || len(u.Ticks)+len(u.Events) > 0 {
			m.updates = append(m.updates, u)
		}
		if m.more = u.More; !m.more || time.Since(start) > pollTime {
			break
		}
	}
	if s := stampOf(filepath.Join(p.dir, control.StatusFile)); s != p.statusMod || now.Sub(p.checked) >= infoEvery {
		p.statusMod, p.checked = s, now
		info, err := control.ReadInfo(p.dir)
		if err != nil {
			m.err = err
		} else {
			m.info = &info
		}
	}
	if s := stampOf(filepath.Join(p.dir, control.LayersFile)); s != p.layersMod {
		p.layersMod = s
		// A file half written by another program reads again on its next change.
		if layers, err := control.ReadLayers(p.dir); err == nil {
			m.layers = layers
		}
	}
	stats, err := p.layers.poll(p.dir)
	if m.stats = stats; err != nil {
		m.err = err
	}
	if s := stampOf(filepath.Join(p.dir, control.ConfigFile)); s != p.configMod {
		p.configMod = s
		m.config = readConfig(p.dir)
	}
	p.pollSamples(&m, now)
	return m
}

func (p *poller) pollSamples(m *pollMsg, now time.Time) {
	dir := filepath.Join(p.dir, control.SamplesDir)
	s := stampOf(dir)
	if s == p.sampleMod {
		return
	}
	p.sampleMod = s
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	m.samples = []string{}
	for _, e := range entries {
		if _, ok := gridNimg(e.Name()); ok && !e.IsDir() {
			m.samples = append(m.samples, e.Name())
		}
	}
	slices.Sort(m.samples)
	if n := len(m.samples); n > 0 && m.samples[n-1] != p.newest {
		msg := readSample(p.dir, m.samples[n-1])
		if msg.err != nil {
			if p.torn.file != msg.file {
				p.torn = torn{msg.file, now}
			}
			if now.Sub(p.torn.since) < sampleGrace {
				p.sampleMod = stamp{} // look again
				return
			}
		}
		m.newest, p.newest = &msg, msg.file
	}
}

// maxSampleBytes bounds a sample file: grids are far smaller.
const maxSampleBytes = 64 << 20

func readSample(dir, name string) sampleMsg {
	img, err := readImage(filepath.Join(dir, control.SamplesDir, name))
	return sampleMsg{dir: dir, file: name, img: img, err: err}
}

// readImage decodes a PNG file of a sensible size.
func readImage(path string) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("sample: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > maxSampleBytes {
		return nil, fmt.Errorf("sample: %s: %d bytes, want at most %d", path, info.Size(), maxSampleBytes)
	}
	cfg, _, err := image.DecodeConfig(f)
	if err == nil && cfg.Width*cfg.Height > maxSampleBytes {
		err = fmt.Errorf("%d by %d pixels, want at most %d in all", cfg.Width, cfg.Height, maxSampleBytes)
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

// pollRun polls after a delay.
func pollRun(p *poller, after time.Duration) tea.Cmd {
	return tick(after, func(now time.Time) tea.Msg { return p.poll(now) })
}

// fetchSample reads one sample of the history.
func fetchSample(dir, name string) tea.Cmd {
	return func() tea.Msg { return readSample(dir, name) }
}

// ping asks the trainer for its status after a delay.
func ping(c *control.Client, after time.Duration) tea.Cmd {
	return tick(after, func(time.Time) tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), pingTimeout)
		defer cancel()
		st, err := c.Status(ctx)
		return pingMsg{c, st, err}
	})
}

// fetchLayers asks the trainer for its layers.
func fetchLayers(c *control.Client, dir string) tea.Cmd {
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), pingTimeout)
		defer cancel()
		layers, err := c.Layers(ctx)
		return layersMsg{dir, layers, err}
	}
}

// order sends a command to the trainer and waits until it is done.
func order(dir, done string, do func(context.Context) (control.Status, error)) tea.Cmd {
	return orderFor(orderTimeout, dir, done, do)
}

// orderFor is order with a patience of its own.
func orderFor(patience time.Duration, dir, done string, do func(context.Context) (control.Status, error)) tea.Cmd {
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		st, err := do(ctx)
		return commandMsg{dir: dir, done: done, status: st, err: err}
	}
}

// orderFreeze changes what is frozen, the named tensors as far as is known, and
// brings the layers as they are then.
func orderFreeze(c *control.Client, dir, done string, names []string, req control.FreezeRequest) tea.Cmd {
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), orderTimeout)
		defer cancel()
		m := commandMsg{dir: dir, done: done, freeze: true, names: names}
		if m.status, m.err = c.Freeze(ctx, req); m.err == nil {
			m.layers, m.err = c.Layers(ctx)
		}
		return m
	}
}

func resumeRun(resume func(context.Context, string) error, dir string) tea.Cmd {
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), orderTimeout)
		defer cancel()
		return resumedMsg{dir, resume(ctx, dir)}
	}
}

// startRun starts a run from a preset, or from the run in a directory.
func startRun(from string, start func(context.Context) (dir, warning string, err error)) tea.Cmd {
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), orderTimeout)
		defer cancel()
		dir, warning, err := start(ctx)
		return startedMsg{from, dir, warning, err}
	}
}

// findRun looks for a run by number, name or path.
func findRun(runsDir, ref string) tea.Cmd {
	return func() tea.Msg {
		dir, err := control.Find(runsDir, ref)
		return foundMsg{dir, err}
	}
}

// edit opens the user's editor on a file, at a line if that is known; the screen
// is the editor's until it ends.
func edit(t *terminal, name, path string, line int) tea.Cmd {
	args := editorArgs(name, path, line)
	return tea.Exec(editor{exec.Command(args[0], args[1:]...), t}, func(err error) tea.Msg {
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("editor: %q: not found", args[0])
		} else if err != nil {
			err = fmt.Errorf("editor: %q: %w", args[0], err)
		}
		return editedMsg{err}
	})
}

// windowPixels asks the kernel for the text area's size in pixels.
func windowPixels() tea.Msg {
	ws, err := unix.IoctlGetWinsize(int(os.Stdout.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return windowPixelsMsg{}
	}
	return windowPixelsMsg{int(ws.Xpixel), int(ws.Ypixel)}
}
