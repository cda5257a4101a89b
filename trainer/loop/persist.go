package loop

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"innate/models/checkpoint"
	"innate/trainer/control"
	"innate/trainer/data"
	"innate/trainer/runlog"
)

// A run's checkpoint holds everything that an exact resume needs: the method's
// tensor groups, and as metadata the counters, random streams, data order and
// what status reports. Its name is the number of images seen.
const (
	checkpointKind = "innate-run-1"
	checkpointExt  = ".safetensors"
)

// progress is the part of a checkpoint that is not tensors.
type progress struct {
	Nimg       int64             `json:"nimg"`
	Streams    *data.Streams     `json:"streams"`
	Sampler    data.SamplerState `json:"sampler"`
	LastFID    *float64          `json:"last_fid"`
	BestFID    *float64          `json:"best_fid"`
	FIDNimg    int64             `json:"fid_nimg"`
	SampleFile string            `json:"sample_file"`
	SampleNimg int64             `json:"sample_nimg"`
}

// checkpoint copies the state of the run and writes it in the background.
func (l *Loop) checkpoint() error {
	l.report.stage = "checkpoint"
	if err := l.test(); err != nil {
		return err
	}
	if err := l.saver.wait(); err != nil { // of an earlier write
		l.event(runlog.Error, err.Error(), nil)
	}
	r := l.report
	meta, err := json.Marshal(progress{
		Nimg: l.nimg, Streams: l.streams, Sampler: l.sampler.State(),
		LastFID: r.lastFID, BestFID: r.bestFID, FIDNimg: r.fidNimg,
		SampleFile: r.sampleFile, SampleNimg: r.sampleNimg,
	})
	if err != nil {
		return err
	}
	f := checkpoint.New()
	if f.Metadata, err = l.method.meta(); err != nil {
		return err
	}
	f.Metadata["kind"] = checkpointKind
	f.Metadata["method"] = l.cfg.Method
	f.Metadata["progress"] = string(meta)
	f.Metadata["config"] = l.text
	for _, g := range l.method.tensors() {
		if err := f.AddParams(g.prefix, g.set.Clone()); err != nil {
			return err
		}
	}
	dir := filepath.Join(l.dir, control.CheckpointsDir)
	nimg, keep := l.nimg, l.cfg.Live.KeepCheckpoints
	l.saver.write(filepath.Join(dir, fmt.Sprintf("%09d%s", nimg, checkpointExt)), f, func() error { return prune(dir, keep) })
	l.report.checkpointNimg = nimg
	return l.log.Event(runlog.Event{Nimg: nimg, Kind: runlog.Checkpoint, Text: fmt.Sprintf("checkpoint at %.1f kimg", kimg(nimg))})
}

// saver writes checkpoints in the background, one at a time and in order.
type saver struct {
	last chan error
}

// write starts to write f, whose tensors nobody else changes, and calls then
// when it is on disk.
func (s *saver) write(path string, f *checkpoint.File, then func() error) {
	before, done := s.last, make(chan error, 1)
	s.last = done
	go func() {
		var err error
		if before != nil {
			err = <-before
		}
		err = errors.Join(err, checkpoint.Write(path, f))
		if err == nil && then != nil {
			err = then()
		}
		done <- err
	}()
}

// wait returns when everything has been written, with what went wrong.
func (s *saver) wait() error {
	if s.last == nil {
		return nil
	}
	err := <-s.last
	s.last = nil
	return err
}

// checkpointFiles lists a run's checkpoints, newest first.
func checkpointFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		stem, ok := strings.CutSuffix(e.Name(), checkpointExt)
		if _, err := strconv.ParseInt(stem, 10, 64); ok && err == nil {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	slices.Sort(files)
	slices.Reverse(files)
	return files, nil
}

// prune removes all but the newest keep checkpoints.
func prune(dir string, keep int) error {
	files, err := checkpointFiles(dir)
	if err != nil {
		return err
	}
	for _, path := range files[min(max(1, keep), len(files)):] {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// NewestCheckpoint reads the newest checkpoint of a run directory that can be
// read; the errors of newer ones are passed to broken. A run without any has
// none: nil, nil.
func NewestCheckpoint(dir string, broken func(error)) (*checkpoint.File, error) {
	files, err := checkpointFiles(filepath.Join(dir, control.CheckpointsDir))
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		f, err := checkpoint.Read(path)
		if err == nil && f.Metadata["kind"] != checkpointKind {
			err = fmt.Errorf("checkpoint: %s: kind %q, want %q", path, f.Metadata["kind"], checkpointKind)
		}
		if err == nil {
			return f, nil
		}
		broken(err)
	}
	if len(files) > 0 {
		return nil, fmt.Errorf("%s: none of %d checkpoints can be read", dir, len(files))
	}
	return nil, nil
}

// resume restores the newest checkpoint, if there is one.
func (l *Loop) resume() error {
	f, err := NewestCheckpoint(l.dir, func(err error) {
		l.event(runlog.Error, err.Error()+"; using the one before", nil)
	})
	if err != nil || f == nil {
		return err
	}
	if got := f.Metadata["method"]; got != l.cfg.Method {
		return fmt.Errorf("checkpoint: %s: method %q, want %q", f.Path, got, l.cfg.Method)
	}
	p := progress{Streams: l.streams}
	if err := json.Unmarshal([]byte(f.Metadata["progress"]), &p); err != nil {
		return fmt.Errorf("checkpoint: %s: progress: %w", f.Path, err)
	}
	if err := l.sampler.Restore(p.Sampler); err != nil {
		return fmt.Errorf("checkpoint: %s: %w", f.Path, err)
	}
	for _, g := range l.method.tensors() {
		if err := restore(f, g); err != nil {
			return err
		}
	}
	l.nimg = p.Nimg
	r := &l.report
	r.lastFID, r.bestFID, r.fidNimg = p.LastFID, p.BestFID, p.FIDNimg
	r.sampleFile, r.sampleNimg, r.checkpointNimg = p.SampleFile, p.SampleNimg, p.Nimg
	return l.log.Resume(p.Nimg, fmt.Sprintf("resumed from the checkpoint at %.1f kimg", kimg(p.Nimg)))
}

// restore fills one group from a checkpoint.
func restore(f *checkpoint.File, g group) error {
	if g.load == nil {
		return f.LoadParams(g.prefix, g.set)
	}
	set, err := f.Params(g.prefix)
	if err != nil {
		return err
	}
	if err := g.load(set); err != nil {
		return fmt.Errorf("checkpoint: %s: %s: %w", f.Path, g.prefix, err)
	}
	return nil
}
