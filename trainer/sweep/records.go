package sweep

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"innate/configs"
	"innate/models/atomicfile"
)

// Records stand for runs that were trained elsewhere, each point and seed once.
type Records []Record

// maxRecordsBytes bounds a file of records: a thousand of long runs have a tenth of it.
const maxRecordsBytes = 64 << 20

// ReadRecords reads files of records. A line that is none is an error, and so are a file
// without any and two that contradict each other. Those that say the same are one.
func ReadRecords(paths ...string) (list Records, err error) {
	for _, path := range paths {
		some, err := readRecords(path)
		if err != nil {
			return nil, err
		}
		if list, err = list.Merge(some); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func readRecords(path string) (list []Record, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxRecordsBytes+1)) // it may be a pipe
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	if len(text) > maxRecordsBytes {
		return nil, fmt.Errorf("sweep: %s: got more than %d bytes of records, want at most so many", path, maxRecordsBytes)
	}
	n := 0
	for line := range bytes.Lines(text) {
		if n++; len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		r := Record{at: fmt.Sprintf("%s:%d", path, n)}
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("sweep: %s: got no record of a run: %w", r.at, err)
		}
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("sweep: %s: %w", r.at, err)
		}
		list = append(list, r)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("sweep: %s: got no record of a run, want at least one", path)
	}
	return list, nil
}

// maxWords bounds names in a record, in bytes.
const maxWords = 400

// check refuses what no run can have come to.
func (r *Record) check() error {
	words := []string{r.Point, r.Sweep}
	known := map[string]bool{}
	for _, j := range r.Judges {
		if j.Key == "" || j.Name == "" || known[j.Key] {
			return fmt.Errorf("judges: got key %q, name %q, want both, each key once", j.Key, j.Name)
		}
		known[j.Key] = true
		words = append(words, j.Key, j.Name)
	}
	for _, s := range words {
		if len(s) > maxWords || strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) }) {
			return fmt.Errorf("got %.40q, want at most %d bytes of text that can be printed", s, maxWords)
		}
	}
	switch {
	case r.Type != recordType:
		return fmt.Errorf("type: got %q, want %q", r.Type, recordType)
	case r.Seed > math.MaxUint32:
		return fmt.Errorf("seed: got %d, want at most %d", r.Seed, uint32(math.MaxUint32))
	case !(r.Kimg >= 0 && r.Kimg <= maxKimg):
		return fmt.Errorf("kimg: got %g, want in [0, %g]", r.Kimg, float64(maxKimg))
	case r.Speed < 0 || r.CPUSpeed < 0 || r.Peak < 0:
		return fmt.Errorf("got %g and %g images a second and %d bytes, want none below 0", r.Speed, r.CPUSpeed, r.Peak)
	case r.Frozen != nil && !(*r.Frozen >= 0 && *r.Frozen <= 1):
		return fmt.Errorf("frozen_fraction: got %g, want in [0, 1]", *r.Frozen)
	}
	before := math.Inf(-1)
	for _, e := range r.Evaluations {
		if !(e.Kimg >= 0 && e.Kimg > before && e.Kimg <= maxKimg) {
			return fmt.Errorf("evaluations: got one at %g kimg behind one at %g, want them in order, each once", e.Kimg, before)
		}
		before = e.Kimg
		for key := range e.Values {
			if !known[key] {
				return fmt.Errorf("evaluations: at %g kimg: got a value of %.40q, want one of the judges", e.Kimg, key)
			}
		}
	}
	return nil
}

// maxKimg is a trillion images.
const maxKimg = 1e9

// Find is the record of a point and a seed; nil if there is none.
func (list Records) Find(point string, seed uint64) *Record {
	i := slices.IndexFunc(list, func(r Record) bool { return r.Point == point && r.Seed == seed })
	if i < 0 {
		return nil
	}
	return &list[i]
}

// Merge adds records to others. Of two of one run the one that saw more of it stays, if
// they agree in what both say.
func (list Records) Merge(more []Record) (Records, error) {
	list = slices.Clone(list)
	for _, r := range more {
		have := list.Find(r.Point, r.Seed)
		if have == nil {
			list = append(list, r)
			continue
		}
		if err := have.agree(&r); err != nil {
			return nil, err
		}
		if r.Done && !have.Done || r.Done == have.Done && r.Kimg > have.Kimg {
			*have = r
		}
	}
	return list, nil
}

// agree refuses two records of a run that cannot both be true.
func (r *Record) agree(o *Record) error {
	for _, e := range r.Evaluations {
		for _, other := range o.Evaluations {
			if e.Kimg != other.Kimg {
				continue
			}
			for _, j := range r.Judges {
				a, said := e.Values[j.Key]
				b, too := other.Values[j.Key]
				if said && too && a != b {
					return fmt.Errorf("sweep: %s: %s at %g kimg is %g by %s, and %g by %s: want one of them", r.run(), j.Name, e.Kimg, a, r.at, b, o.at)
				}
			}
		}
	}
	return nil
}

// run names the run that the record is of.
func (r *Record) run() string { return fmt.Sprintf("point %q, seed %d", r.Point, r.Seed) }

// Admit refuses records of runs that the sweep does not have, of other settings than its
// own, of another number of images, and of judges that are not those of the run, as a
// package that knows networks tells them: the one that decides first. A greedy search may
// come to points that it does not have yet.
func (p *Plan) Admit(list Records, judges func(*configs.Config) ([]Measured, error)) error {
	known := map[string][]Measured{} // by the settings that they come from
	for _, r := range list {
		if err := p.admit(&r, known, judges); err != nil {
			return fmt.Errorf("sweep: %s: %s: %w", r.at, r.run(), err)
		}
	}
	return nil
}

func (p *Plan) admit(r *Record, known map[string][]Measured, judges func(*configs.Config) ([]Measured, error)) error {
	point, ok := p.Point(r.Point)
	if !ok && p.Greedy.Group != "" && slices.Contains(p.Seeds, r.Seed) {
		return nil
	}
	if !ok || !slices.Contains(p.Seeds, r.Seed) {
		var names []string
		for _, q := range p.Points {
			names = append(names, q.Name)
		}
		return fmt.Errorf("no run of %s, want one of its points, %s, and a seed of %v", p.Name, strings.Join(names, " | "), p.Seeds)
	}
	cfg, err := p.Config(point, r.Seed)
	if err != nil {
		return err
	}
	if err := r.sameSettings(settingsOf(cfg)); err != nil {
		return fmt.Errorf("of other settings: %w", err)
	}
	if total := cfg.Live.TotalKimg; r.Done && math.Abs(r.Kimg-total) > nearShare*total {
		return fmt.Errorf("done at %g kimg, want %g", r.Kimg, total)
	}
	from := ""
	for _, e := range cfg.Entries() {
		if strings.HasPrefix(e.Key, "fid") {
			from += e.Key + "=" + e.Value + "\n"
		}
	}
	want, ok := known[from]
	if !ok {
		if want, err = judges(cfg); err != nil {
			return err
		}
		known[from] = want
	}
	for i, j := range r.Judges {
		at := slices.Index(want, j)
		if at < 0 || i == 0 && at > 0 {
			var names []string
			for _, w := range want {
				names = append(names, fmt.Sprintf("%s as %s", w.Name, w.Key))
			}
			return fmt.Errorf("judged by %s as %s, want %s, the first of which decides", j.Name, j.Key, strings.Join(names, ", "))
		}
	}
	return nil
}

// Write writes a line for each record.
func (list Records) Write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, r := range list {
		if err := enc.Encode(r); err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
	}
	return nil
}

// KeptRecords are those that the sweep in dir keeps; none if it keeps none.
func KeptRecords(dir string) (Records, error) {
	list, err := ReadRecords(filepath.Join(dir, RecordsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return list, err
}

// Keep has the sweep in dir keep records, in place of those that it kept.
func (list Records) Keep(dir string) error {
	var text bytes.Buffer
	err := list.Write(&text)
	if err == nil {
		err = atomicfile.WriteBytes(filepath.Join(dir, RecordsFile), atomicfile.SyncFile, text.Bytes())
	}
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	return nil
}
