package configs

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Freeze names the trained network's parameters that stay as they are: those of the
// preset and of the Freeze globs, less those of the Train globs. Live. From the
// images on that an entry of the schedule names, that entry is in force in its place.
type Freeze struct {
	Preset   string   `toml:"preset" for:"edm gdd fd distill" want:"none | gdd-i | gdd-i+qkv | gdd-i+qkv+skip | norms | embedding | encoder | decoder" doc:"the paper's choice of frozen layers, options 0 to 3, or all that trains"`
	Freeze   []string `toml:"freeze" want:"globs of parameter names" doc:"names or globs frozen besides, such as dec.28x28_*"`
	Train    []string `toml:"train" want:"globs of parameter names" doc:"names or globs trained all the same"`
	Schedule Schedule `toml:"schedule" want:"[[freeze.schedule]] with at_kimg, preset, freeze and train" doc:"what is frozen from at_kimg on, in the place of the settings above"`

	Rule FreezeRule `toml:"rule"`
}

// FreezeRule freezes and thaws by what is measured, over what the [freeze] table or the
// entry in force says: each time that EveryKimg thousands of images have been seen, groups
// of layers that have moved little since are frozen, and frozen ones that the gradient asks
// for are thawed. What the Freeze and Train globs in force name it leaves alone. Live.
type FreezeRule struct {
	EveryKimg   float64 `toml:"every_kimg" want:"0, or in [0.001, 1000000]" doc:"thousands of images after which layers are frozen and thawed by rule; 0: never"`
	FreezeBelow float64 `toml:"freeze_below" want:"in [0, 1000]" doc:"relative change of weights over that time below which a group is frozen; 0: none"`
	Thaw        int     `toml:"thaw" want:"in [0, 10000]" doc:"frozen groups thawed each time: those of the largest relative gradient; 0: none"`
	Group       string  `toml:"group" want:"layer | block | kind" doc:"what is frozen and thawed together"`
}

// Groups of a FreezeRule.
const (
	GroupLayer = "layer"
	GroupBlock = "block"
	GroupKind  = "kind"
)

// FreezePresets lists the values of freeze.preset.
func FreezePresets() []string { return byKey["freeze.preset"].choices() }

// Schedule is what is frozen later, by rising AtKimg.
type Schedule []FreezeFrom

// FreezeFrom is an entry of a schedule: what is frozen once the run has seen AtKimg
// thousands of images. It says all of it: what it leaves out is none, and not what was
// in force before.
type FreezeFrom struct {
	AtKimg float64
	Preset string
	Freeze []string
	Train  []string
}

const (
	scheduleKey = "freeze.schedule"
	noPreset    = "none"

	// Bounds of at_kimg, as live.total_kimg has them.
	minAtKimg, maxAtKimg = 0.001, 1_000_000
)

// At is how many images the run has seen when the entry comes into force.
func (e FreezeFrom) At() int64 { return int64(e.AtKimg*1000 + 0.5) }

// Table is the entry as the [freeze] table in whose place it comes.
func (e FreezeFrom) Table() Freeze { return Freeze{Preset: e.Preset, Freeze: e.Freeze, Train: e.Train} }

// ByHand reports whether the table's globs name a parameter: it is a person's then, and
// no rule's.
func (f Freeze) ByHand(name string) bool {
	matches := func(glob string) bool {
		ok, _ := path.Match(glob, name) // the patterns are well-formed
		return ok || glob == name
	}
	return slices.ContainsFunc(f.Freeze, matches) || slices.ContainsFunc(f.Train, matches)
}

// InForce returns the table in force once the run has seen nimg images, without a
// schedule, and the entry that it comes from; -1 is the [freeze] table itself. It
// depends on nothing else, so that a run that resumes, is forked or goes back has
// there what it had.
func (f Freeze) InForce(nimg int64) (table Freeze, entry int) {
	entry = -1
	for k, e := range f.Schedule {
		if e.At() <= nimg {
			entry = k
		}
	}
	if entry >= 0 {
		return f.Schedule[entry].Table(), entry
	}
	f.Schedule = nil
	return f, entry
}

// Next is the entry that comes into force next once the run has seen nimg images.
func (f Freeze) Next(nimg int64) (next FreezeFrom, ok bool) {
	_, entry := f.InForce(nimg)
	if entry+1 >= len(f.Schedule) {
		return next, false
	}
	return f.Schedule[entry+1], true
}

// With returns f with table in the place of what is in force at nimg images.
func (f Freeze) With(nimg int64, table Freeze) Freeze {
	_, entry := f.InForce(nimg)
	f.Schedule = slices.Clone(f.Schedule)
	if entry < 0 {
		table.Schedule, table.Rule = f.Schedule, f.Rule
		return table
	}
	f.Schedule[entry] = FreezeFrom{f.Schedule[entry].AtKimg, table.Preset, table.Freeze, table.Train}
	return f
}

// String is the entry in TOML notation.
func (e FreezeFrom) String() string {
	parts := []string{"at_kimg = " + formatFloat(e.AtKimg)}
	for _, p := range e.stated() {
		parts = append(parts, p.key+" = "+p.literal)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// What words the entry without its time: preset none, freeze dec.*.
func (e FreezeFrom) What() string {
	var parts []string
	if e.Preset != noPreset && e.Preset != "" || len(e.Freeze)+len(e.Train) == 0 {
		parts = append(parts, "preset "+cmp.Or(e.Preset, noPreset))
	}
	if len(e.Freeze) > 0 {
		parts = append(parts, "freeze "+strings.Join(e.Freeze, " "))
	}
	if len(e.Train) > 0 {
		parts = append(parts, "train "+strings.Join(e.Train, " "))
	}
	return strings.Join(parts, ", ")
}

// statedKey is a key of an entry with its value in TOML notation.
type statedKey struct{ key, literal string }

// stated are the keys that an entry has to state beside at_kimg.
func (e FreezeFrom) stated() []statedKey {
	list := []statedKey{{"preset", quote(e.Preset)}}
	for _, l := range []struct {
		key   string
		globs []string
	}{{"freeze", e.Freeze}, {"train", e.Train}} {
		if len(l.globs) > 0 {
			list = append(list, statedKey{l.key, format(l.globs)})
		}
	}
	return list
}

func (s Schedule) clone() Schedule {
	c := slices.Clone(s)
	for i := range c {
		c[i].Freeze, c[i].Train = slices.Clone(c[i].Freeze), slices.Clone(c[i].Train)
	}
	return c
}

// Problem of an entry of a schedule: what a key got and should have.
type entryProblem struct {
	entry          int
	key, got, want string
}

// scheduleOf reads what TOML has at freeze.schedule. ok is false for what is no list
// of tables.
func scheduleOf(v any) (s Schedule, ok bool, bad *entryProblem) {
	var tables []map[string]any
	switch list := v.(type) {
	case []map[string]any:
		tables = list
	case []any:
		for _, item := range list {
			table, isTable := item.(map[string]any)
			if !isTable {
				return nil, false, nil
			}
			tables = append(tables, table)
		}
	default:
		return nil, false, nil
	}
	for k, table := range tables {
		e := FreezeFrom{Preset: noPreset}
		fields := []struct {
			key, want string
			ok        func(v any) bool
		}{
			{"at_kimg", "a finite number", func(v any) bool { return store(valueOf(&e.AtKimg), v) }},
			{"preset", "a string", func(v any) bool { return store(valueOf(&e.Preset), v) }},
			{"freeze", "an array of strings", func(v any) bool { return store(valueOf(&e.Freeze), v) }},
			{"train", "an array of strings", func(v any) bool { return store(valueOf(&e.Train), v) }},
		}
		seen := 0
		for _, f := range fields {
			v, stated := table[f.key]
			if !stated {
				continue
			}
			if seen++; !f.ok(v) {
				return nil, true, &entryProblem{k, f.key, fmt.Sprint(v), f.want}
			}
		}
		if _, stated := table["at_kimg"]; !stated {
			return nil, true, &entryProblem{k, "at_kimg", "nothing", "thousands of images from which on the entry is in force"}
		}
		if seen < len(table) {
			for key := range table {
				if !slices.Contains([]string{"at_kimg", "preset", "freeze", "train"}, key) {
					return nil, true, &entryProblem{k, key, "a setting", "at_kimg, preset, freeze or train"}
				}
			}
		}
		s = append(s, e)
	}
	return s, true, nil
}

// assignSchedule takes over what a file has at freeze.schedule.
func (c *Config) assignSchedule(v any) error {
	s, ok, bad := scheduleOf(v)
	if !ok {
		return c.src.errorAt(scheduleKey, c.src.raw(scheduleKey, "no list of tables"), byKey[scheduleKey].want)
	}
	if bad != nil {
		return c.entryError(*bad)
	}
	c.Freeze.Schedule = s
	return nil
}

// entryError is errorAt for a key of an entry, in whatever layout.
func (c *Config) entryError(p entryProblem) *keyError {
	e := c.src.errorAt(scheduleKey+"."+p.key, p.got, p.want)
	if c.src != nil {
		e.line = c.src.layout.lineOfEntry(p.entry, p.key)
	}
	return e
}

// AtEntry is At for an entry of the schedule.
func (c *Config) AtEntry(entry int, err error) error {
	e := c.src.wrong(scheduleKey, clip(err.Error(), 3*maxShown))
	if c.src != nil {
		e.line = c.src.layout.lineOfEntry(entry, "")
	}
	return e
}

// lineOfEntry returns the line of a key of an entry of the schedule, or of the entry.
func (l layout) lineOfEntry(entry int, key string) int {
	table := numbered(scheduleKey, entry)
	if _, ok := l.header(table); ok {
		return l.lineOf(table + "." + key)
	}
	for _, e := range l.entries { // a list of inline tables
		if e.key == scheduleKey+".at_kimg" {
			if entry--; entry < 0 {
				return e.line
			}
		}
	}
	return l.lineOf(scheduleKey)
}

// schedule checks the entries: their times rise, and what they say is what the
// [freeze] table may say.
func (v *validator) schedule() {
	preset := byKey["freeze.preset"]
	refuse := func(k int, key, got, want string) {
		v.errs = append(v.errs, v.c.entryError(entryProblem{k, key, got, want}))
	}
	last := int64(0)
	for k, e := range v.c.Freeze.Schedule {
		if e.AtKimg < minAtKimg || e.AtKimg > maxAtKimg {
			refuse(k, "at_kimg", formatFloat(e.AtKimg), fmt.Sprintf("in [%v, %d]", minAtKimg, maxAtKimg))
		} else if e.At() <= last {
			refuse(k, "at_kimg", formatFloat(e.AtKimg), fmt.Sprintf("more than the %v of the entry before: entries rise", float64(last)/1000))
		}
		last = e.At()
		switch {
		case !slices.Contains(preset.names(), e.Preset):
			refuse(k, "preset", quote(e.Preset), preset.wanted())
		case !preset.usedBy(v.c.Method) && e.Preset != noPreset:
			refuse(k, "preset", quote(e.Preset), fmt.Sprintf("none: method %q has no presets", v.c.Method))
		}
		for _, l := range []struct {
			key   string
			globs []string
		}{{"freeze", e.Freeze}, {"train", e.Train}} {
			if g, bad := badGlob(l.globs); bad {
				refuse(k, l.key, format(l.globs), fmt.Sprintf("globs of parameter names (%s is none)", shown(quote(g))))
			}
		}
	}
}

// badGlob returns the first that is no pattern of path.Match.
func badGlob(globs []string) (string, bool) {
	for _, g := range globs {
		if _, err := path.Match(g, ""); err != nil || strings.TrimSpace(g) == "" {
			return g, true
		}
	}
	return "", false
}
