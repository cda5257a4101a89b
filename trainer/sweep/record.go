package sweep

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"innate/configs"
	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/trainer/series"
)

// Record is what a run of a sweep has come to, as far as tables and queues ask for it.
// In a file it is a line of JSON, and stands for a run that was trained elsewhere.
type Record struct {
	Type   string `json:"type"`            // recordType
	Sweep  string `json:"sweep,omitempty"` // that the run belonged to, under which name ever
	Point  string `json:"point"`
	Seed   uint64 `json:"seed"`
	Done   bool   `json:"done"`             // trained to its end
	Innate string `json:"innate,omitempty"` // version of the program that wrote the record

	Kimg        float64     `json:"kimg"`   // thousands of images seen
	Judges      []Measured  `json:"judges"` // the one that decides first
	Evaluations Evaluations `json:"evaluations"`

	// What is not known is 0, or nil.
	Speed    float64  `json:"images_per_sec,omitempty"`     // median, by the clock
	CPUSpeed float64  `json:"images_per_cpu_sec,omitempty"` // median, by the trainer's processor time
	Frozen   *float64 `json:"frozen_fraction,omitempty"`    // of the parameters, in [0, 1]
	Peak     int64    `json:"peak_bytes,omitempty"`         // most memory that a trainer of the run has held

	// Settings are those on which numbers depend, in TOML notation: method, and what
	// differs from its defaults. Without any nothing is known of them.
	Settings map[string]string `json:"settings,omitempty"`

	at string // file:line that it was read from; "" of one that was not
}

// recordType is the type of a line that is a record.
const recordType = "run"

// measure reads the record of a run from its directory.
func measure(point string, s Seed) (*Record, error) {
	st := s.Info.Status
	judges := Judges(st)
	h := NewHistory(s.Info.Dir, judges)
	if err := h.Refresh(); err != nil {
		return nil, err
	}
	r := &Record{
		Type: recordType, Point: point, Seed: s.Seed, Done: st.State == run.StateDone, Kimg: float64(st.Nimg) / 1000,
		Judges: judges, Evaluations: h.Evaluations(),
		Speed: h.median(runlog.Speed), CPUSpeed: h.median(runlog.CPUSpeed), Peak: st.PeakBytes,
	}
	if st.Params > 0 {
		r.Frozen = &st.FrozenFraction
	}
	return r, nil
}

// nimg is the images that it has seen.
func (r *Record) nimg() int64 { return int64(math.Round(1000 * r.Kimg)) }

// Into adds its evaluations to a run's history, which knows no times of them.
func (r *Record) Into(h *series.Run) {
	names := make([]string, len(r.Judges))
	for i, j := range r.Judges {
		names[i] = j.Key
	}
	for _, e := range r.Evaluations {
		values := make([]float64, len(names))
		for i, key := range names {
			v, said := e.Values[key]
			if !said {
				v = math.NaN()
			}
			values[i] = v
		}
		h.Append(e.Kimg, time.Time{}, names, values)
	}
}

// info is the record as what a run's directory would tell; it has none.
func (r *Record) info(name string) run.Info {
	st := run.Status{Run: name, State: run.StateStopped, Nimg: r.nimg(), TotalNimg: r.nimg(), PeakBytes: r.Peak}
	if r.Done {
		st.State = run.StateDone
	}
	if r.Frozen != nil {
		st.FrozenFraction = *r.Frozen
	}
	for i, j := range r.Judges {
		m := run.Measured{Key: j.Key, Name: j.Name, Rises: j.Rises}
		for _, e := range r.Evaluations {
			v, said := e.Values[j.Key]
			if !said {
				continue
			}
			m.Last = &v
			if i == 0 {
				st.FIDNimg = int64(math.Round(1000 * e.Kimg))
			}
			if m.Best == nil || v < *m.Best != j.Rises {
				m.Best = &v
			}
		}
		if i > 0 {
			st.Also = append(st.Also, m)
			continue
		}
		st.Metric, st.FIDName, st.Rises, st.LastFID, st.BestFID = j.Key, j.Name, j.Rises, m.Last, m.Best
	}
	return run.Info{Name: name, Status: st, Said: st.State}
}

// Records are the records of a group's runs that have been evaluated or are done, in the
// order of its points and seeds: what other machines need to go on from there. The
// version is the program's.
func (g Group) Records(version string) (list Records, err error) {
	for _, m := range g.Points {
		for _, s := range m.Runs {
			r, err := s.record(m.Name)
			if err != nil {
				return nil, err
			}
			if len(r.Evaluations) == 0 && !r.Done {
				continue
			}
			if s.Record == nil {
				cfg, err := configs.Load(filepath.Join(s.Info.Dir, run.ConfigFile))
				if err != nil {
					return nil, err
				}
				r.Sweep, r.Innate, r.Settings = g.Name, version, settingsOf(cfg)
			}
			list = append(list, *r)
		}
	}
	return list, nil
}

// settingsOf are the settings of a run on which its numbers depend, but for its seed:
// its method, and what differs from the defaults.
func settingsOf(c *configs.Config) map[string]string {
	set := map[string]string{methodKey: strconv.Quote(c.Method)}
	defaults, err := configs.Default(c.Method)
	if err != nil {
		return set // never: the method has been parsed
	}
	for _, change := range configs.Diff(defaults, c) {
		if !isFree(change.Key) && change.Key != "run.seed" {
			set[change.Key] = change.New
		}
	}
	return set
}

// sameSettings refuses a record whose settings are not those of the run that it stands
// for.
func (r *Record) sameSettings(want map[string]string) error {
	if len(r.Settings) == 0 {
		return nil
	}
	word := func(set map[string]string, key string) string { return cmp.Or(set[key], "the default") }
	all := maps.Clone(want)
	maps.Copy(all, r.Settings)
	for _, key := range append([]string{methodKey}, slices.Sorted(maps.Keys(all))...) { // others follow from the method
		if have := r.Settings[key]; have != want[key] && !ofInputs(have) {
			return fmt.Errorf("%s: got %s, want %s", key, word(r.Settings, key), word(want, key))
		}
	}
	return nil
}
