package loop

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"innate/models/checkpoint"
	"innate/models/precond"
	"innate/trainer/method"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// best is the network with the best value so far. It is checkpoints/best.safetensors,
// and also a part of every checkpoint: what status says, the log and the file are
// then of the same branch wherever a run resumes, whatever was measured, and
// written, between the checkpoint and the kill or the divergence. A file alone
// could not be put back: the weights that were best at the checkpoint are gone
// once better ones have taken their place.
type best struct {
	den  *precond.Denoiser // nobody changes it any more
	nimg int64             // images seen when it was measured
	fid  float64
}

const (
	bestPrefix = "best/" // where a checkpoint has the best network
)

// file is what best.safetensors says: key is StatedKey of the features.
func (b *best) file(key string) (*checkpoint.File, error) {
	f := checkpoint.New()
	if err := b.den.AddTo(f, ""); err != nil {
		return nil, err
	}
	f.Metadata["nimg"] = strconv.FormatInt(b.nimg, 10)
	f.Metadata[key] = fidText(b.fid)
	return f, nil
}

// fidText is a FID as files state it.
func fidText(fid float64) string { return fmt.Sprintf("%.4f", fid) }

// fidNames are the names under which a network of this run states what judge k says
// of it, the first by which it does so now. Where the feature network cannot be
// opened, so that nothing can be measured either, that is what it was called.
func (l *Loop) fidNames(k int) []string {
	called := calledAfter(l.cfg.Judge(k).Features)
	net, err := l.openFeatures(k)
	if err != nil {
		return []string{called}
	}
	return []string{net.Label, called}
}

// statisticName is of the statistic that decides which network is the best.
func (l *Loop) statisticName() string { return l.cfg.Judge(l.bestJudge()).Statistic }

// bestNames are fidNames of the judge that decides.
func (l *Loop) bestNames() []string { return l.fidNames(l.bestJudge()) }

// fidKey is under which a network of this run states its FID.
func (l *Loop) fidKey() string { return StatedKey(l.statisticName(), l.bestNames()[0]) }

// stated is what a network of this run states.
func (l *Loop) stated(meta map[string]string) string {
	return stated(meta, l.statisticName(), l.bestNames()...)
}

// measuredOtherwise names the features by which best.safetensors was found, if they
// are not the run's: the file that has them was exchanged.
func (l *Loop) measuredOtherwise(meta map[string]string) string {
	for key := range meta {
		name, ok := strings.CutPrefix(key, StatedKey(l.statisticName(), ""))
		if ok && !slices.Contains(l.bestNames(), name) {
			return name
		}
	}
	return ""
}

func (l *Loop) bestPath() string {
	return filepath.Join(l.dir, run.CheckpointsDir, run.BestFile)
}

// keepBest keeps the weights that have just been measured as the best so far.
func (l *Loop) keepBest(fid float64) {
	l.best = &best{l.eval.den.Clone(), l.eval.nimg, fid}
	l.saveBest()
}

// saveBest writes best.safetensors. Weights that were set aside and have now
// been reached again need no second copy.
func (l *Loop) saveBest() {
	f, err := l.best.file(l.fidKey())
	if err != nil {
		l.event(runlog.Error, err.Error(), nil)
		return
	}
	aside, statistic, names := l.asidePath(l.best.nimg), l.statisticName(), l.bestNames()
	l.saver.add(&save{slot: bestSlot, path: l.bestPath(), file: f, done: func() {}, then: func() error {
		old, err := checkpoint.ReadHeader(aside)
		if err != nil || stated(old.Metadata, statistic, names...) != stated(f.Metadata, statistic, names...) {
			return nil // none, or not the same
		}
		return os.Remove(aside)
	}})
}

// asidePath is where best weights go that were set aside.
func (l *Loop) asidePath(nimg int64) string {
	return filepath.Join(l.dir, run.CheckpointsDir, strings.Replace(run.BestPattern, "*", fmt.Sprintf("%09d", nimg), 1))
}

// restoreBest makes best.safetensors what it was at a checkpoint, nil for a run
// that begins again. What is there instead is set aside, as it may be better than
// all that follows; note says so.
func (l *Loop) restoreBest(f *checkpoint.File, p run.Progress) (note string, err error) {
	l.best = nil
	im := l.method.Images()
	if im == nil {
		return "", nil
	}
	if f != nil && p.BestFID != nil && f.Has(bestPrefix) {
		if l.best, err = loadBest(f, bestPrefix, im, p.BestNimg, *p.BestFID); err != nil {
			return "", err
		}
	}
	there, err := checkpoint.Read(l.bestPath())
	if err == nil {
		nimg, _ := strconv.ParseInt(there.Metadata["nimg"], 10, 64)
		stated := l.stated(there.Metadata)
		if other := l.measuredOtherwise(there.Metadata); other != "" {
			return l.forgetBest(nimg, other)
		}
		switch {
		case l.best != nil && nimg == l.best.nimg && stated == fidText(l.best.fid):
			return "", nil
		case l.best == nil && p.BestFID != nil && nimg <= p.Nimg && stated == fidText(*p.BestFID):
			// The checkpoint is of a trainer that left the weights to this file.
			if l.best, err = loadBest(there, "", im, nimg, *p.BestFID); err == nil {
				return "", nil
			}
		}
		note, err = l.setBestAside(nimg, stated)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.event(runlog.Error, err.Error(), nil)
	}
	if l.best != nil {
		l.saveBest()
	}
	return note, nil
}

// forgetBest starts the search for the best network again: what a checkpoint has
// of FID is over the features other, and cannot be compared.
func (l *Loop) forgetBest(nimg int64, other string) (note string, err error) {
	l.best, l.eval.running, l.eval.waits = nil, false, false
	l.report.lastFID, l.report.bestFID, l.report.also = nil, nil, nil
	if note, err = l.setBestAside(nimg, ""); err != nil {
		return "", err
	}
	label := l.statistic().Label
	return fmt.Sprintf("the feature network is another one: %s has begun again, not to be compared with %s; %s",
		label(l.bestNames()[0]), label(other), note), nil
}

// loadBest reads a network like the run's own.
func loadBest(f *checkpoint.File, prefix string, im *method.Images, nimg int64, fid float64) (*best, error) {
	b := &best{im.Den.Clone(), nimg, fid}
	if err := f.LoadParams(prefix, b.den.Net.Params()); err != nil {
		return nil, err
	}
	return b, nil
}

// setBestAside renames best.safetensors. No more such files are kept than
// checkpoints: the best of them.
func (l *Loop) setBestAside(nimg int64, stated string) (note string, err error) {
	aside := l.asidePath(nimg)
	if err := os.Rename(l.bestPath(), aside); err != nil {
		return "", fmt.Errorf("loop: %w", err)
	}
	folder := filepath.Dir(aside)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return "", fmt.Errorf("loop: %w", err)
	}
	rank := map[string]float64{} // the lowest is best
	for _, e := range entries {
		if ok, err := filepath.Match(run.BestPattern, e.Name()); err != nil || !ok {
			continue
		}
		path := filepath.Join(folder, e.Name())
		rank[path] = math.Inf(1)
		if f, err := checkpoint.ReadHeader(path); err == nil {
			if v, err := strconv.ParseFloat(l.stated(f.Metadata), 64); err == nil {
				rank[path] = v
				if l.statistic().Rises {
					rank[path] = -v
				}
			}
		}
	}
	kept := slices.SortedFunc(maps.Keys(rank), func(a, b string) int {
		return cmp.Or(cmp.Compare(rank[a], rank[b]), cmp.Compare(a, b))
	})
	for _, path := range kept[min(l.cfg.Live.KeepCheckpoints, len(kept)):] {
		if err := os.Remove(path); err != nil {
			return "", fmt.Errorf("loop: %w", err)
		}
		if path == aside {
			return "", nil
		}
	}
	return fmt.Sprintf("%s, of %.1f kimg and %s %s, is not of this branch and now called %s",
		run.BestFile, kimg(nimg), l.statistic().Title, cmp.Or(stated, "unknown"), filepath.Base(aside)), nil
}
