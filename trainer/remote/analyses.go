package remote

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"innate/trainer/figures"
	"innate/trainer/run"
)

// Bounds of what a run's folder of analyses may send.
const (
	maxAnalysis = 64 << 20 // bytes of one, as much as figures reads
	maxAnalyses = 200      // files
)

// analysisPattern matches what analyses have found, and how far they are. Tables and
// pictures stay: the screen draws its own.
var analysisPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,80}(\` + figures.Ext + `|\` + figures.WorkingExt + `)$`)

// isAnalysis reports whether name is analysis/NAME as an analysis of a run writes it.
func isAnalysis(name string) bool {
	dir, base := path.Split(name)
	return dir == run.AnalysisDir+"/" && analysisPattern.MatchString(base)
}

// followAnalyses brings the files of analyses of a run that is looked at up to date.
func (r *copied) followAnalyses(ctx context.Context, l Listing) error {
	var errs []error
	for name, stamp := range l.Files {
		if !isAnalysis(name) || stamp == r.stamps[name] {
			continue
		}
		text, err := r.fetch(ctx, name)
		if err == nil {
			err = r.root.MkdirAll(run.AnalysisDir, 0o700)
		}
		if err == nil && path.Ext(name) == figures.WorkingExt {
			text, err = byOurClock(text, time.Now())
		}
		if err == nil {
			err = put(r.root, name, text, stamp)
		}
		if isCode(err, http.StatusNotFound) { // it has ended meanwhile
			continue
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		r.stamps[name] = stamp
	}
	entries, err := fs.ReadDir(r.root.FS(), run.AnalysisDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, err)
	}
	return errors.Join(append(errs, r.dropGone(run.AnalysisDir, entries, r.stamps, l))...)
}

// fetch fetches a file of the run as a whole.
func (r *copied) fetch(ctx context.Context, name string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	text, err := r.m.c.whole(ctx, r.name, name)
	if err == nil {
		err = r.m.receive(int64(len(text)))
	}
	return text, err
}

// byOurClock has the heartbeat of an analysis be of now: whether it still beats is told
// by this machine's clock, and the other's may be wrong.
func byOurClock(text []byte, now time.Time) ([]byte, error) {
	var p figures.Progress
	if err := json.Unmarshal(text, &p); err != nil {
		return nil, err
	}
	p.Kind, p.Error = run.OneLine(p.Kind), run.OneLine(p.Error)
	p.Began, p.Now = now.Add(-p.Now.Sub(p.Began)), now
	return json.Marshal(p)
}

// analyses adds the files of analyses to stamps.
func (r *served) analyses(add func(name string)) {
	dir, err := r.root.Open(run.AnalysisDir)
	if err != nil {
		return
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1) // what can be read of it
	names = slices.DeleteFunc(names, func(name string) bool { return !isAnalysis(run.AnalysisDir + "/" + name) })
	slices.SortFunc(names, strings.Compare)
	for _, name := range names[:min(len(names), maxAnalyses)] {
		add(run.AnalysisDir + "/" + name)
	}
}
