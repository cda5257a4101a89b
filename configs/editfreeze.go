package configs

import (
	"errors"
	"reflect"
	"slices"
	"strings"
)

// SetFreeze returns the TOML text with the settings of [freeze] and of its schedule
// changed where they differ from what the text says. Comments, order and layout stay.
func SetFreeze(text string, freeze Freeze) (string, error) {
	for _, s := range []struct {
		key   string
		value any
	}{
		{"freeze.preset", freeze.Preset},
		{"freeze.freeze", freeze.Freeze},
		{"freeze.train", freeze.Train},
	} {
		literal := format(s.value)
		if old, ok := rawValue(text, s.key); ok && old == literal {
			continue
		}
		if list, ok := s.value.([]string); ok && len(list) == 0 || s.value == "" {
			if _, ok := rawValue(text, s.key); !ok {
				continue // missing means empty already
			}
		}
		var err error
		if text, err = Set(text, s.key, literal); err != nil {
			return "", err
		}
	}
	return setSchedule(text, freeze.Schedule)
}

// errLayout refuses a text that SetFreeze or SetRates cannot edit.
var errLayout = errors.New("configs: " + scheduleKey + ": this layout cannot be edited: set it in the file by hand")

// setSchedule makes text state a schedule. A list of inline tables is written anew;
// of [[freeze.schedule]] tables those are touched that change.
func setSchedule(text string, want Schedule) (string, error) {
	tree, _, l, err := decode("config.toml", text)
	if err != nil {
		return "", err
	}
	v, stated := lookup(tree, strings.Split(scheduleKey, "."))
	now, ok, bad := scheduleOf(v)
	if stated && (!ok || bad != nil) {
		return "", errLayout
	}
	if format(now) == format(want) {
		return text, nil
	}
	if _, inline := l.find(scheduleKey); inline {
		text = replaceOrInsert(l, scheduleKey, format(want))
	} else {
		text = editSchedule(text, now, want)
	}
	tree, _, _, err = decode("config.toml", text)
	if err != nil {
		return "", errLayout
	}
	if v, stated = lookup(tree, strings.Split(scheduleKey, ".")); stated || len(want) > 0 {
		if now, ok, bad = scheduleOf(v); !ok || bad != nil || format(now) != format(want) {
			return "", errLayout
		}
	}
	return text, nil
}

// editSchedule makes the tables of a text, which state the entries in now, state want.
func editSchedule(text string, now, want Schedule) string {
	at := func(s Schedule, e FreezeFrom) int {
		return slices.IndexFunc(s, func(o FreezeFrom) bool { return o.At() == e.At() })
	}
	now = slices.Clone(now)
	for k := len(now) - 1; k >= 0; k-- {
		if at(want, now[k]) < 0 {
			text = scanLayout(text).cutTable(numbered(scheduleKey, k))
			now = slices.Delete(now, k, k+1)
		}
	}
	for k, e := range want {
		i := at(now, e)
		if i < 0 {
			text = scanLayout(text).insertEntry(k, len(now), e)
			now = slices.Insert(now, k, e)
			continue
		}
		for _, s := range changedKeys(now[i], e) {
			text = replaceOrInsert(scanLayout(text), numbered(scheduleKey, i)+"."+s.key, s.literal)
		}
	}
	return text
}

// changedKeys are those of an entry that have to be written for it to say new.
func changedKeys(old, new FreezeFrom) (list []statedKey) {
	for _, s := range []struct {
		key      string
		old, new any
	}{{"preset", old.Preset, new.Preset}, {"freeze", old.Freeze, new.Freeze}, {"train", old.Train, new.Train}} {
		if format(s.old) != format(s.new) {
			list = append(list, statedKey{s.key, format(s.new)})
		}
	}
	return list
}

// tableEnd is the offset behind the last value of a table that is written as a header.
func (l layout) tableEnd(h header) int {
	end := h.end
	for _, e := range l.entries {
		if e.table == h.key && e.at.hi > end {
			end = e.at.hi
		}
	}
	return end
}

// lineStart is the offset at which the line of an offset begins, lineEnd that behind
// its newline.
func (l layout) lineStart(at int) int { return 1 + strings.LastIndexByte(l.text[:at], '\n') }

func (l layout) lineEnd(at int) int {
	if i := strings.IndexByte(l.text[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(l.text)
}

// cutTable removes a table from its header to its last value, and the empty line
// before it.
func (l layout) cutTable(table string) string {
	h, _ := l.header(table)
	from, to := l.lineStart(h.end-1), l.lineEnd(l.tableEnd(h))
	before := l.text[:from]
	for _, blank := range []string{"\r\n\r\n", "\n\n"} {
		if strings.HasSuffix(before, blank) {
			before = before[:len(before)-len(blank)/2]
			break
		}
	}
	return before + l.text[to:]
}

// insertEntry adds entry k of a schedule of n tables as a table: before that which now
// is k, or behind the last one, or behind [freeze], or at the end.
func (l layout) insertEntry(k, n int, e FreezeFrom) string {
	nl := l.newline()
	block := "[[" + scheduleKey + "]]" + nl + "at_kimg = " + formatFloat(e.AtKimg) + nl
	for _, s := range e.stated() {
		block += s.key + " = " + s.literal + nl
	}
	if k < n {
		h, _ := l.header(numbered(scheduleKey, k))
		at := l.lineStart(h.end - 1)
		return l.text[:at] + block + nl + l.text[at:]
	}
	at := len(l.text)
	if h, ok := l.header(numbered(scheduleKey, n-1)); n > 0 && ok {
		at = l.lineEnd(l.tableEnd(h))
	} else if h, ok := l.header("freeze"); ok {
		at = l.lineEnd(l.tableEnd(h))
	}
	before, behind := l.text[:at], l.text[at:]
	if before != "" && !strings.HasSuffix(before, "\n") {
		before += nl
	}
	return before + nl + block + behind
}

func valueOf[T any](p *T) reflect.Value { return reflect.ValueOf(p).Elem() }
