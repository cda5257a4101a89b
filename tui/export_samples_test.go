package tui

import (
	tea "charm.land/bubbletea/v2"

	"innate/tui/views/samples"
)

func samplesOf(a *App) *samples.View { return viewOf[*samples.View](a.run) }

// PlayNext returns the message of the animation's next frame.
func PlayNext(a *App) tea.Msg { return samplesOf(a).NextFrame()() }

// Playing reports whether an animation is under way.
func Playing(a *App) bool { return samplesOf(a).Playing() }

// GridShown is the file of the grid that shows, and the sample selected in it.
func GridShown(a *App) (file string, cell int) { return samplesOf(a).Shown() }

// Film returns the grids beside an enlarged sample, and which of them is marked.
func Film(a *App) (files []string, mark int, ready bool) {
	f := samplesOf(a).Film(a.layout.body)
	return f.Files, f.Mark, f.Ready
}

// LabelWidth is how many cells of the view of samples are for classes.
func LabelWidth(a *App) int { return samplesOf(a).LabelWidth() }
