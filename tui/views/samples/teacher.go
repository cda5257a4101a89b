package samples

import (
	"context"
	"errors"
	"image"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/tui/session"
)

// teacherTimeout bounds the drawing of the teacher's grid, dozens of steps for
// every sample on a machine that trains meanwhile.
const teacherTimeout = 15 * time.Minute

// teacherGrid is what the teacher makes of the run's noise.
type teacherGrid struct {
	img    image.Image
	gen    int                // tells it from one drawn before
	cancel context.CancelFunc // not nil while it is being drawn
}

// teacherMsg ends Options.Teacher.
type teacherMsg struct {
	from *View
	img  image.Image
	err  error
}

// toggleTeacher shows the teacher's samples beside the run's, or takes them
// away. The first time they must be drawn, which a second press stops.
func (v *View) toggleTeacher() tea.Cmd {
	r := v.h.Run()
	grid, _ := v.plain.Image()
	switch {
	case v.stage == stageTeacher:
		v.stage = stageGrid
		return nil
	case v.teacher.cancel != nil:
		v.teacher.cancel()
		return nil
	case v.h.Options().Teacher == nil:
		return v.h.Fail(errors.New("teacher: not available here"))
	case grid == nil:
		return v.h.Fail(errors.New("teacher: no samples yet, want some to show it beside"))
	case r.Config != nil && r.Config.Parsed != nil && r.Config.Parsed.Model.Init == "":
		return v.h.Fail(errors.New("teacher: model.init is empty: this run began with fresh weights, want one that has a teacher"))
	case v.teacher.img != nil && v.teacher.img.Bounds() == grid.Bounds():
		v.fresh, v.stage = nil, stageTeacher
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), teacherTimeout)
	v.teacher.cancel = cancel
	draw, dir := v.h.Options().Teacher, r.Dir
	return func() tea.Msg {
		m := teacherMsg{from: v}
		path, err := draw(ctx, dir)
		if err == nil {
			m.img, err = session.ReadImage(path)
		}
		m.err = err
		return m
	}
}

// addTeacher shows the grid that has been drawn.
func (v *View) addTeacher(m teacherMsg) tea.Cmd {
	m.from.teacher.cancel()
	m.from.teacher.cancel = nil
	if m.from != v {
		return nil
	}
	if errors.Is(m.err, context.Canceled) {
		return v.h.Notify("the teacher has stopped drawing", v.h.Theme().Text)
	}
	if m.err != nil {
		return v.h.Fail(m.err)
	}
	v.teacher.img, v.teacher.gen = m.img, v.teacher.gen+1
	v.fresh, v.stage = nil, stageTeacher
	if !v.h.Shows(v) {
		return v.h.Notify("the teacher's samples are drawn: see the view of samples", v.h.Theme().Good)
	}
	return nil
}
