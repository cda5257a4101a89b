package remote

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"innate/trainer/run"
	"innate/trainer/runlog"
)

// file says how a file of a run travels.
type file struct {
	name  string
	grows bool  // only what was added travels
	edits bool  // a client may replace it
	most  int64 // bytes
	opens bool  // wanted of a run that is looked at, not of one in a list
}

// files are those that are served, besides samples and analyses. The status is no file here: an
// Entry has it as the run's machine sees it.
var files = []file{
	{name: run.ConfigFile, edits: true, most: maxEdited},
	{name: run.AboutFile, edits: true, most: maxEdited},
	{name: runlog.EventsFile, grows: true, most: maxGrowing},
	{name: runlog.MetricsFile, grows: true, most: maxGrowing},
	{name: run.LayersFile, most: 16 << 20, opens: true},
	{name: run.ResultsFile, grows: true, most: maxGrowing, opens: true},
	{name: runlog.LayersFile, grows: true, most: maxGrowing, opens: true},
	{name: run.LogFile, grows: true, most: maxGrowing, opens: true},
}

// Bounds of what travels.
const (
	maxEdited  = 1 << 20
	maxGrowing = 4 << 30
	maxSample  = 64 << 20
	maxChunk   = 4 << 20  // of a growing file in one answer
	maxAnswer  = 16 << 20 // of JSON
	maxRuns    = 2000     // in a list
	maxSamples = 20000    // of a run
	tailBytes  = 4 << 10  // of a growing file, hashed to know it again
)

// lookUp returns how a file of a run travels; ok is false for what does not.
func lookUp(name string) (f file, ok bool) {
	for _, f := range files {
		if f.name == name {
			return f, true
		}
	}
	if isSample(name) {
		return file{name: name, most: maxSample}, true
	}
	if isAnalysis(name) {
		return file{name: name, most: maxAnalysis, opens: true}, true
	}
	return file{}, false
}

// samplePattern matches the grids of a run, those of other noise, and what its
// teacher makes of the same.
var samplePattern = regexp.MustCompile(`^([0-9]{1,15}(-seed[0-9]{1,20})?|teacher)\.png$`)

// isSample reports whether name is samples/NAME.png as a run writes it.
func isSample(name string) bool {
	dir, base := path.Split(name)
	return dir == run.SamplesDir+"/" && samplePattern.MatchString(base)
}

// isRunName reports whether name may be that of a run's directory: one element of a
// path that is no hidden one, and that a terminal can show.
func isRunName(name string) bool {
	return fs.ValidPath(name) && !strings.ContainsAny(name, `/\:`) && !strings.HasPrefix(name, ".") && len(name) <= 200 &&
		utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) })
}
