package session

import (
	"context"
	"path/filepath"
	"time"

	"innate/trainer/figures"
	"innate/trainer/run"
)

// Analyses are what a run's folder of analyses holds.
type Analyses struct {
	Reports []*figures.Report  // the newest first
	Working []figures.Progress // under way, or ended with an error
	Damaged []error
}

// ReadAnalyses reads the folder of a run's analyses, in a command: it may be large.
func ReadAnalyses(dir string, now time.Time) Analyses {
	folder := filepath.Join(dir, run.AnalysisDir)
	a := Analyses{Working: figures.Workings(folder, now)}
	a.Reports, a.Damaged = figures.List(folder)
	return a
}

// DismissAnalysis ends an analysis that is under way, or forgets the error of one.
func DismissAnalysis(_ context.Context, dir, kind string) error {
	return figures.Dismiss(filepath.Join(dir, run.AnalysisDir), kind)
}
