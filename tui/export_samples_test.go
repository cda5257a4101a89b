package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"
)

// PlayNext returns the message of the animation's next frame.
func PlayNext(a *App) tea.Msg {
	r, v := a.run, a.run.grids()
	return playMsg{v, v.playGen, r.ReadGrid(r.Grids[slices.Index(r.Grids, r.file)+1])}
}

// Playing reports whether an animation is under way.
func Playing(a *App) bool { return a.run.grids().playing }

// GridShown is the file of the grid that shows, and the sample selected in it.
func GridShown(a *App) (file string, cell int) { return a.run.grids().shown, a.run.grids().cell }

// Film returns the grids beside an enlarged sample, and which of them is marked.
func Film(a *App) (files []string, mark int, ready bool) {
	v := a.run.grids()
	k := a.Canvas(v.parts(a.layout.body).picture)
	w, h := k.Room()
	f := v.filmOf(w, h)
	return f.files, f.mark, f.ready
}

// LabelWidth is how many cells of the view of samples are for classes.
func LabelWidth(a *App) int { return a.run.grids().parts(a.layout.body).labels }
