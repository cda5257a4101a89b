package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"innate/trainer/cluster"
	"innate/trainer/control"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// watch follows a run in lines of plain text, which a screen reader, a pipe and
// a dumb terminal take alike: events as they come, and a line on how the run
// does when that has changed, at most one in every. It moves no cursor. It ends
// with the run, with an error if that died or failed; one that is queued has not ended.
func watch(ctx context.Context, out io.Writer, dir string, every time.Duration) error {
	w := watcher{out: out, every: every}
	reader := runlog.NewReader(dir)
	var last run.Status
	var jobs cluster.Watcher
	for {
		info, err := control.Ask(ctx, dir) // before the log, to read all of a run that has ended
		if err != nil {
			return err
		}
		if info.Alive && info.Status.Before(last) {
			info.Status = last // an old heartbeat, where the trainer has not answered now
		}
		jobs.Await(ctx, time.Now(), &info)
		last = info.Status
		if err := reader.Each(w.add); err != nil {
			return err
		}
		if err := w.progress(info); err != nil {
			return err
		}
		if !info.Alive && !run.Active(info.Status.State) && info.Status.State != run.StateQueued {
			return verdict(info)
		}
		if !sleep(ctx, pollEvery) {
			return nil
		}
	}
}

type watcher struct {
	out     io.Writer
	every   time.Duration
	tick    runlog.Row // the last one
	shown   string     // the last line, less its time of day
	shownAt time.Time  // zero: history is being read, and is no news
}

// add takes in what the log has new.
func (w *watcher) add(u runlog.Update) error {
	for _, row := range u.Rows {
		if row.Type == runlog.TypeTick {
			w.tick = row
		}
	}
	if w.shownAt.IsZero() {
		return nil
	}
	for _, e := range u.Events {
		if _, err := fmt.Fprintf(w.out, "%s  %.1f kimg  %s: %s\n", e.Time.Format(time.TimeOnly), float64(e.Nimg)/1000,
			run.OneLine(e.Kind), run.OneLine(e.Text)); err != nil {
			return err
		}
	}
	return nil
}

// progress prints how the run does, if that is news and not too soon after the
// last line. The end of a run is never too soon.
func (w *watcher) progress(info run.Info) error {
	line, now := w.line(info.Status), time.Now()
	if line == w.shown || info.Alive && !w.shownAt.IsZero() && now.Sub(w.shownAt) < w.every {
		return nil
	}
	w.shown, w.shownAt = line, now
	_, err := fmt.Fprintf(w.out, "%s  %s\n", now.Format(time.TimeOnly), line)
	return err
}

func (w *watcher) line(s run.Status) string {
	parts := []string{withReason(s.State, s)}
	if seen := imagesSeen(s); seen != "" {
		parts = append(parts, seen)
	}
	if v, ok := speed(s); ok {
		parts = append(parts, fmt.Sprintf("%.1f images/s", v))
	}
	for i, name := range w.tick.Names {
		if strings.HasPrefix(name, "loss/") {
			parts = append(parts, fmt.Sprintf("%s %.4g", name, w.tick.Values[i]))
		}
	}
	if s.LastFID != nil {
		parts = append(parts, fmt.Sprintf("%s %.1f at %.1f kimg", s.FIDName, *s.LastFID, float64(s.FIDNimg)/1000))
	}
	if s.CheckpointError != "" {
		parts = append(parts, "no checkpoint is written: "+run.OneLine(s.CheckpointError))
	}
	if s.ConfigError != "" {
		parts = append(parts, run.OneLine(s.ConfigError))
	}
	return strings.Join(parts, ", ")
}

// verdict is the exit status of watching a run that has no trainer any more.
func verdict(info run.Info) error {
	if said := epitaph(info); said != "" {
		return errors.New(said)
	}
	if info.Status.State == run.StateNew {
		return fmt.Errorf("%s has not been started; %s", info.Name, hint(info))
	}
	return nil
}
