package config

import (
	"maps"
	"slices"
	"time"

	"innate/trainer/runlog"
)

// change is one change of settings, as an event of the run tells it.
type change struct {
	at       time.Time
	nimg     int64
	keys     []string          // sorted
	old, new map[string]string // TOML values by key
	undone   bool
}

// history is what was changed in a run. It is made of the run's events
// alone: one that turns the last change round undoes it, one that repeats what
// was undone does it again. So it is the same in every workbench, wherever the
// changes were made.
type history struct {
	seen int // changes seen, undoing ones too
	list []change
	redo []int // places in list of what was undone, the last to do again first
}

func (h *history) add(events []runlog.Event, reset bool) {
	if reset {
		*h = history{}
	}
	for _, e := range events {
		c, ok := changeOf(e)
		if !ok {
			continue
		}
		h.seen++
		last, n := h.last(), len(h.redo)
		switch {
		case last >= 0 && maps.Equal(h.list[last].old, c.new) && maps.Equal(h.list[last].new, c.old):
			h.list[last].undone = true
			h.redo = append(h.redo, last)
		case n > 0 && maps.Equal(h.list[h.redo[n-1]].old, c.old) && maps.Equal(h.list[h.redo[n-1]].new, c.new):
			h.list[h.redo[n-1]].undone = false
			h.redo = h.redo[:n-1]
		default:
			h.list, h.redo = append(h.list, c), nil
		}
	}
}

// last is the place of the change that undo takes back, -1 if there is none.
func (h *history) last() int {
	for i := len(h.list) - 1; i >= 0; i-- {
		if !h.list[i].undone {
			return i
		}
	}
	return -1
}

// undo returns the values that take the last change back, nil if there is none.
func (h *history) undo() map[string]string {
	if i := h.last(); i >= 0 {
		return h.list[i].old
	}
	return nil
}

// again returns the values that do again what was undone last, or nil.
func (h *history) again() map[string]string {
	if n := len(h.redo); n > 0 {
		return h.list[h.redo[n-1]].new
	}
	return nil
}

// changeOf reads the settings that an event tells of; other data is left out.
func changeOf(e runlog.Event) (change, bool) {
	c := change{at: e.Time, nimg: e.Nimg, old: map[string]string{}, new: map[string]string{}}
	if e.Kind != runlog.Config && e.Kind != runlog.Freeze {
		return c, false
	}
	for key, v := range e.Data {
		pair, _ := v.(map[string]any)
		old, hasOld := pair["old"].(string)
		new, hasNew := pair["new"].(string)
		if hasOld && hasNew {
			c.old[key], c.new[key] = old, new
		}
	}
	c.keys = slices.Sorted(maps.Keys(c.old))
	return c, len(c.keys) > 0
}
