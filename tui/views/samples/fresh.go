package samples

import (
	"context"
	"fmt"
	"image"
	"math/rand/v2"
	"path/filepath"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/control"
	"innate/tui/session"
)

// freshGrid is a grid from other noise than the run's own.
type freshGrid struct {
	file string // in the directory of samples
	seed uint64
	nimg int64
	img  image.Image
}

// freshMsg brings one.
type freshMsg struct {
	from *View
	grid freshGrid
	err  error
}

// drawFresh lets the trainer draw samples from noise that nobody has seen.
func (v *View) drawFresh() tea.Cmd {
	if err := v.h.Run().MustRun("new noise"); err != nil {
		return v.h.Fail(err)
	}
	return v.drawSeed(uint64(rand.Uint32()))
}

// drawSeed lets the trainer draw samples from the noise of a seed.
func (v *View) drawSeed(seed uint64) tea.Cmd {
	r := v.h.Run()
	if v.drawing {
		return nil
	}
	v.drawing = true
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), session.OrderTimeout)
		defer cancel()
		m := freshMsg{from: v, grid: freshGrid{seed: seed}}
		st, err := r.Client.Sample(ctx, control.SampleRequest{Seed: &seed})
		if err != nil {
			m.err = err
			return m
		}
		m.grid.file, m.grid.nimg = filepath.Base(st.SampleFile), st.SampleNimg
		m.grid.img, m.err = session.ReadImage(filepath.Join(r.Dir, st.SampleFile))
		return m
	}
}

// addFresh shows the grid that the trainer drew.
func (v *View) addFresh(m freshMsg) tea.Cmd {
	if m.from != v {
		return nil
	}
	v.drawing = false
	if m.err != nil {
		return v.h.Fail(m.err)
	}
	v.fresh = &m.grid
	if v.stage == stageTeacher { // whose noise is the run's
		v.stage = stageGrid
	}
	text := fmt.Sprintf("samples drawn from seed %d", m.grid.seed)
	if !v.h.Shows(v) {
		text += ": see the view of samples"
	}
	return v.h.Notify(text, v.h.Theme().Good)
}
