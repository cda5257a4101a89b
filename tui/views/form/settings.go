package form

import (
	"slices"
	"strconv"
	"strings"

	"innate/configs"
	"innate/trainer/run"
	"innate/trainer/sweep"
	"innate/tui/session"
	"innate/tui/widget"
)

// seedsKey is the one field that is no setting: it makes of the run several.
const seedsKey = "seeds"

// withSeeds adds the field of seeds to settings, behind the seed of a run; none where
// nothing queues runs.
func (f *View) withSeeds(list []configs.Entry, value string) []configs.Entry {
	if f.fork || f.h.Options().Ensemble == nil {
		return list
	}
	at := slices.IndexFunc(list, func(e configs.Entry) bool { return e.Key == "run.seed" }) + 1
	return slices.Insert(list, at, configs.Entry{
		Key: seedsKey, Value: strconv.Quote(value), Want: "a number of seeds from 1 on, or a list, as in 1-5,7",
		Doc: "an ensemble: a run for each of these seeds, queued",
	})
}

// seeds are what was typed for seedsKey, if it is right.
func (f *View) seeds() string {
	text := strings.TrimSpace(f.edits[seedsKey])
	if text == "" {
		return ""
	}
	if _, err := sweep.CountSeeds(text); err != nil {
		f.errs[seedsKey] = err.Error()
	} else if slices.ContainsFunc(f.from, func(e configs.Entry) bool {
		seed, typed := f.edits[e.Key]
		return e.Key == "run.seed" && typed && strings.TrimSpace(seed) != e.Value
	}) {
		f.errs[seedsKey] = "run.seed is changed, want one of them"
	}
	return text
}

// set types a value; check follows.
func (f *View) set(key, value string) {
	f.edits[key] = value
	f.check()
}

// check applies what was typed, finds what is wrong with it, and puts all into
// the form.
func (f *View) check() {
	f.errs = map[string]string{}
	text := f.base
	for _, e := range f.from {
		value, typed := f.edits[e.Key]
		if !typed || e.Key == seedsKey {
			continue
		}
		next, err := configs.Set(text, e.Key, value)
		if err != nil {
			f.blame(err)
			continue
		}
		text = next
	}
	seeds := f.seeds()
	c, err := configs.Parse(run.ConfigFile, text)
	if err != nil {
		f.blame(err)
		f.entries = slices.Clone(f.from)
		for i, e := range f.entries {
			if value, typed := f.edits[e.Key]; typed {
				f.entries[i].Value = value
			}
		}
	} else {
		f.entries = f.withSeeds(c.Entries(), seeds)
	}
	fields := make([]widget.Field, len(f.entries))
	for i, e := range f.entries {
		fields[i] = f.field(i, e)
	}
	f.form.SetFields(fields)
}

func (f *View) field(i int, e configs.Entry) widget.Field {
	group, name, dotted := strings.Cut(e.Key, ".")
	if !dotted {
		group, name = "run", e.Key // name and method stand above [run]
	}
	value := plainValue(e.Value)
	if typed, ok := f.edits[e.Key]; ok && (f.editing == e.Key || f.errs[e.Key] != "") {
		value = typed
	}
	return widget.Field{
		Group: group, Name: name, Value: widget.Plain(value), Doc: widget.Plain(e.Doc), Error: widget.Plain(f.errs[e.Key]),
		Changed: f.changed(i), Fixed: f.fixed[e.Key], Editing: f.editing == e.Key,
	}
}

// changed tells whether a setting isn't as it came.
func (f *View) changed(i int) bool {
	_, typed := f.edits[f.entries[i].Key]
	return typed && (f.entries[i].Value != f.from[i].Value || f.errs[f.entries[i].Key] != "")
}

// blame notes an error at the setting that it names, without the place in a text
// that nobody sees.
func (f *View) blame(err error) {
	text := err.Error()
	for _, e := range f.from {
		if _, rest, ok := strings.Cut(text, ": "+e.Key+": "); ok {
			f.errs[e.Key] = rest
			return
		}
	}
	f.errs[""] = text
}

// changes lists what was changed, as configs.Set takes it.
func (f *View) changes() []configs.Change {
	var list []configs.Change
	for i, e := range f.entries {
		if f.changed(i) {
			list = append(list, configs.Change{Key: e.Key, Old: f.from[i].Value, New: e.Value, Live: e.Live})
		}
	}
	return list
}

// plainValue writes a value in TOML notation as one would type it.
func plainValue(s string) string {
	if s = session.ShortValue(s); s == "empty" {
		return ""
	}
	return s
}

// at is the setting under the cursor.
func (f *View) at() *configs.Entry { return &f.entries[f.form.Cursor()] }
