package tui

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
	from *samplesView
	grid freshGrid
	err  error
}

// drawFresh lets the trainer draw samples from noise that nobody has seen.
func (a *App) drawFresh() tea.Cmd {
	if err := a.run.MustRun("new noise"); err != nil {
		return a.Fail(err)
	}
	return a.drawSeed(uint64(rand.Uint32()))
}

// drawSeed lets the trainer draw samples from the noise of a seed.
func (a *App) drawSeed(seed uint64) tea.Cmd {
	r, v := a.run, a.run.grids()
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
func (v *samplesView) addFresh(m freshMsg) tea.Cmd {
	if m.from != v {
		return nil
	}
	v.drawing = false
	if m.err != nil {
		return v.a.Fail(m.err)
	}
	v.fresh = &m.grid
	if v.stage == stageTeacher { // whose noise is the run's
		v.stage = stageGrid
	}
	text := fmt.Sprintf("samples drawn from seed %d", m.grid.seed)
	if !v.a.Shows(v) {
		text += ": see the view of samples"
	}
	return v.a.Notify(text, v.a.theme.Good)
}
