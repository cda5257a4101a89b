package sweep

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"innate/configs"
	"innate/trainer/run"
)

// Keys of the settings that freeze layers.
const (
	presetKey = "freeze.preset"
	freezeKey = "freeze.freeze"
	trainKey  = "freeze.train"
)

// groupKinds are the ways to divide a network into groups of layers.
var groupKinds = []string{"kind", "resolution", "part", "block"}

// Freezes says what an axis of freeze takes.
func Freezes() string {
	return strings.Join(configs.FreezePresets(), " | ") + " | presets, or one GROUP frozen, one GROUP thawed, where GROUP is " + strings.Join(groupKinds, " | ")
}

// group is layers that are frozen together.
type group struct {
	name  string // 28x28, conv, enc, enc.28x28_block0
	globs []string
}

// groupsOf divides a network's layers, in the order in which they come first.
func groupsOf(kind string, layers []run.Layer) (groups []group) {
	names := map[string][]string{}
	var order []string
	for _, l := range layers {
		in := ""
		switch kind {
		case "kind":
			in = l.Kind
		case "part":
			in = l.Part
		case "block":
			in = l.Block
			if l.Part != "" && in != "" && !strings.HasPrefix(in, l.Part+".") {
				in = l.Part + "." + in
			}
		case "resolution":
			if l.Resolution > 0 {
				in = strconv.Itoa(l.Resolution) + "x" + strconv.Itoa(l.Resolution)
			}
		}
		if in == "" {
			continue // the embedding has no resolution
		}
		if names[in] == nil {
			order = append(order, in)
		}
		names[in] = append(names[in], l.Name)
	}
	all := make([]string, len(layers))
	for i, l := range layers {
		all[i] = l.Name
	}
	for _, in := range order {
		groups = append(groups, group{in, cover(names[in], all)})
	}
	return groups
}

// cover finds few patterns that select these of all names and no others.
func cover(names, all []string) (globs []string) {
	left := slices.Clone(names)
	inside := func(glob string) (hits []string, ok bool) {
		for _, name := range all {
			if hit, _ := path.Match(glob, name); !hit {
				continue
			}
			if !slices.Contains(names, name) {
				return nil, false
			}
			hits = append(hits, name)
		}
		return hits, true
	}
	for len(left) > 0 {
		best, covers := left[0], []string{left[0]}
		for _, glob := range patternsFor(left[0]) {
			hits, ok := inside(glob)
			gain, had := newIn(hits, left), newIn(covers, left)
			if ok && (gain > had || gain == had && gain > 1 && len(glob) < len(best)) {
				best, covers = glob, hits
			}
		}
		globs = append(globs, best)
		left = slices.DeleteFunc(left, func(name string) bool { return slices.Contains(covers, name) })
	}
	return globs
}

func newIn(hits, left []string) (n int) {
	for _, name := range hits {
		if slices.Contains(left, name) {
			n++
		}
	}
	return n
}

// patternsFor are patterns that a name falls under: by its beginning, by a word in it,
// by its end.
func patternsFor(name string) (globs []string) {
	parts := strings.Split(name, ".")
	for i := 1; i < len(parts); i++ {
		globs = append(globs, strings.Join(parts[:i], ".")+".*", "*."+strings.Join(parts[i:], "."), parts[0]+".*."+strings.Join(parts[i:], "."))
	}
	for _, part := range parts {
		word, _, ok := strings.Cut(part, "_")
		if ok {
			globs = append(globs, "*."+word+"_*", parts[0]+"."+word+"_*")
		}
	}
	return globs
}

// freezePoint freezes these layers and no others, or trains these alone.
func freezePoint(name string, globs []string, thawed bool) NamedPoint {
	list := "["
	for i, glob := range globs {
		if i > 0 {
			list += ", "
		}
		list += strconv.Quote(glob)
	}
	list += "]"
	freeze, train := list, "[]"
	if thawed {
		freeze, train = `["*"]`, list
	}
	if len(globs) == 0 {
		freeze, train = "[]", "[]"
	}
	return NamedPoint{Name: name, Set: Settings{{Key: presetKey, Value: "none"}, {Key: freezeKey, Value: freeze}, {Key: trainKey, Value: train}}}
}

// expandFreeze makes points of a value of an axis of freeze.
func expandFreeze(value string, layers func() ([]run.Layer, error)) ([]NamedPoint, error) {
	preset := func(name string) NamedPoint {
		return NamedPoint{Name: name, Set: Settings{{Key: presetKey, Value: name}}}
	}
	if slices.Contains(configs.FreezePresets(), value) {
		return []NamedPoint{preset(value)}, nil
	}
	if value == "presets" {
		var points []NamedPoint
		for _, name := range configs.FreezePresets() {
			points = append(points, preset(name))
		}
		return points, nil
	}
	w := strings.Fields(value)
	if len(w) != 3 || w[0] != "one" || !slices.Contains(groupKinds, w[1]) || w[2] != "frozen" && w[2] != "thawed" {
		return nil, fmt.Errorf("freeze: got %q, want %s", value, Freezes())
	}
	all, err := layers()
	if err != nil {
		return nil, err
	}
	var points []NamedPoint
	for _, g := range groupsOf(w[1], all) {
		points = append(points, freezePoint(g.name+" "+w[2], g.globs, w[2] == "thawed"))
	}
	if len(points) == 0 {
		return nil, fmt.Errorf("freeze: %q: the network has no such groups", value)
	}
	return points, nil
}

// round makes the points of a round of a greedy search: the set so far with each other
// group; and, in the first, without any.
func (g Greedy) round(have []string, first bool, layers []run.Layer) []NamedPoint {
	groups := groupsOf(g.Group, layers)
	verb := "frozen"
	if g.Thaw {
		verb = "thawed"
	}
	var globs []string
	for _, name := range have {
		if i := slices.IndexFunc(groups, func(g group) bool { return g.name == name }); i >= 0 {
			globs = append(globs, groups[i].globs...)
		}
	}
	var points []NamedPoint
	if first && !g.Thaw { // with nothing thawed there is nothing to train
		points = append(points, freezePoint("none "+verb, nil, false))
	}
	for _, join := range groups {
		if slices.Contains(have, join.name) {
			continue
		}
		trial := append(slices.Clone(globs), join.globs...)
		tried := append(slices.Clone(have), join.name)
		if !g.Thaw && len(have)+1 == len(groups) && coversAll(trial, layers) {
			continue // nothing would train
		}
		point := freezePoint(strings.Join(tried, " ")+" "+verb, trial, g.Thaw)
		point.Groups = tried
		points = append(points, point)
	}
	return points
}

func coversAll(globs []string, layers []run.Layer) bool {
	for _, l := range layers {
		if !slices.ContainsFunc(globs, func(glob string) bool { hit, _ := path.Match(glob, l.Name); return hit }) {
			return false
		}
	}
	return true
}
