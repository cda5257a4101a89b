package sweep

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"innate/configs"
)

// File is a sweep as a person writes it: see configs/sweeps for examples.
type File struct {
	Name    string // of the sweep; the file's own by default
	About   string // what the leading comment says
	Base    string // preset, or path of a configuration that counts from the file
	Set     Settings
	Axes    []Axis
	Points  []NamedPoint
	Seeds   []uint64
	Jobs    int // runs that train at a time; 0: as many as the processors have threads for
	Threads int // of each run; 0: 1, or what the settings say
	Stop    Stop
	Greedy  Greedy

	path string // as messages print it
	text string
}

// Axis is a setting and its values, or sets of layers to freeze.
type Axis struct {
	Key    string
	Values []string
	Freeze []string // names that Freezes takes

	line int
}

// NamedPoint is settings with a name.
type NamedPoint struct {
	Name   string
	Set    Settings
	Groups []string // of layers, that a point of a greedy search tries
}

// Stop ends points early that fall behind: at each of AtKimg those whose mean FID is
// worse than the best point's by Factor, and those that are not among the Best best.
// Zero values end none.
type Stop struct {
	AtKimg []float64 `json:"at_kimg,omitempty"`
	Factor float64   `json:"factor,omitempty"`
	Best   int       `json:"best,omitempty"`
}

// Greedy grows a set of groups of layers: in each round every group that is not in it
// joins it on trial, and the one with the best mean FID stays, until none helps.
type Greedy struct {
	Group  string  `json:"group,omitempty"` // kind | resolution | part | block; "" for no greedy search
	Thaw   bool    `json:"thaw,omitempty"`  // the set alone trains; else the set alone is frozen
	Rounds int     `json:"rounds,omitempty"`
	AtKimg float64 `json:"at_kimg,omitempty"` // of the FID that decides; 0: the last
}

// Text is the file as it was written.
func (f *File) Text() string { return f.text }

// form is the file as TOML has it.
type form struct {
	Name    string         `toml:"name"`
	Base    string         `toml:"base"`
	Seeds   any            `toml:"seeds"`
	Jobs    int            `toml:"jobs"`
	Threads int            `toml:"threads"`
	Set     map[string]any `toml:"set"`
	Axis    []struct {
		Key    string   `toml:"key"`
		Values []any    `toml:"values"`
		Freeze []string `toml:"freeze"`
	} `toml:"axis"`
	Point []struct {
		Name string         `toml:"name"`
		Set  map[string]any `toml:"set"`
	} `toml:"point"`
	Stop struct {
		AtKimg []float64 `toml:"at_kimg"`
		Factor float64   `toml:"factor"`
		Best   int       `toml:"best"`
	} `toml:"stop"`
	Greedy struct {
		Freeze string  `toml:"freeze"`
		Thaw   string  `toml:"thaw"`
		Rounds int     `toml:"rounds"`
		AtKimg float64 `toml:"at_kimg"`
	} `toml:"greedy"`
}

// Read reads the file of a sweep, by the name of one that is built in or by its path.
func Read(ref string) (*File, error) {
	if text, err := configs.SweepText(ref); err == nil {
		return Parse(ref+".toml", text)
	}
	if !strings.ContainsAny(ref, "./") {
		return nil, fmt.Errorf("sweep: %q: neither a file nor a sweep (%s)", ref, strings.Join(configs.Sweeps(), " | "))
	}
	text, err := configs.ReadFile(ref)
	if err != nil {
		return nil, fmt.Errorf("sweep: %s", plain(err))
	}
	return Parse(ref, text)
}

// words are the characters of a sweep's name: it becomes a directory.
var words = regexp.MustCompile(`^[\pL\pN][\pL\pN._+-]{0,63}$`)

// Parse reads the text of a sweep's file. The path stands for it in messages, and
// relative paths count from its folder.
func Parse(path, text string) (*File, error) {
	f := &File{path: path, text: text, About: configs.Summary(text)}
	var read form
	meta, err := toml.Decode(text, &read)
	if err != nil {
		var syntax toml.ParseError
		if errors.As(err, &syntax) {
			return nil, f.at(syntax.Position.Line, "%s", syntax.Message)
		}
		return nil, f.at(0, "%s", strings.TrimPrefix(err.Error(), "toml: "))
	}
	for _, key := range meta.Undecoded() {
		if slices.Contains(key[:min(2, len(key))], "set") { // settings, of which configs knows which there are
			continue
		}
		return nil, f.at(f.line("", 0, key[len(key)-1]), "%s: no such key of a sweep", key)
	}
	f.Name = read.Name
	if f.Name == "" {
		f.Name = strings.TrimSuffix(filepath.Base(path), ".toml")
	}
	if !words.MatchString(f.Name) {
		return nil, f.at(f.line("", 0, "name"), "name: got %.40q, want 1 to 64 letters, digits and any of ._+-, a letter or digit first", f.Name)
	}
	if f.Base = read.Base; f.Base == "" {
		return nil, f.at(0, "base: got nothing, want a preset, such as mnist-gdd-i, or a file")
	}
	for _, part := range []func(*form) error{f.readSeeds, f.readSettings, f.readAxes, f.readPoints, f.readRules} {
		if err := part(&read); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// at is an error at a line of the file, 0 for one about all of it.
func (f *File) at(line int, format string, args ...any) error {
	return fmt.Errorf("sweep: %s:%d: %s", f.path, max(line, 1), fmt.Sprintf(format, args...))
}

func (f *File) readSeeds(form *form) (err error) {
	line := f.line("", 0, "seeds")
	switch v := form.Seeds.(type) {
	case nil:
		f.Seeds = []uint64{1}
	case int64:
		f.Seeds, err = firstSeeds(v)
	case string:
		f.Seeds, err = ParseSeeds(v)
	case []any:
		for _, item := range v {
			seed, ok := item.(int64)
			if !ok || seed < 0 || seed > 1<<32-1 || slices.Contains(f.Seeds, uint64(seed)) {
				return f.at(line, "seeds: got %v, want whole numbers from 0 on, each once", item)
			}
			f.Seeds = append(f.Seeds, uint64(seed))
		}
		if len(f.Seeds) == 0 {
			return f.at(line, "seeds: got none, want at least one")
		}
	default:
		return f.at(line, "seeds: got %v, want a number of seeds, a list, or text as in \"0-3,7\"", v)
	}
	if err != nil {
		return f.at(line, "seeds: %v", err)
	}
	for _, key := range []struct {
		name  string
		value int
	}{{"jobs", form.Jobs}, {"threads", form.Threads}} {
		if key.value < 0 || key.value > MaxRuns {
			return f.at(f.line("", 0, key.name), "%s: got %d, want in [0, %d]", key.name, key.value, MaxRuns)
		}
	}
	f.Jobs, f.Threads = form.Jobs, form.Threads
	return nil
}

func (f *File) readSettings(form *form) (err error) {
	f.Set, err = f.settings("set", 0, form.Set)
	return err
}

// settings are those of a table of the file, which know their lines.
func (f *File) settings(table string, k int, tree map[string]any) (Settings, error) {
	list, err := flatten("", tree)
	if err != nil {
		return nil, f.at(f.line(table, k, ""), "%v", err)
	}
	for i := range list {
		list[i].line = f.line(table, k, list[i].Key)
		if slices.Contains(reserved, list[i].Key) {
			return nil, f.at(list[i].line, "%s: got a setting, which the sweep makes itself: want %s", list[i].Key, "name, seeds or threads of the sweep")
		}
	}
	return list, nil
}

// reserved are the settings that a sweep makes itself.
var reserved = []string{"name", "run.seed", "run.threads"}

func (f *File) readAxes(form *form) error {
	for k, axis := range form.Axis {
		line := f.line("axis", k, "")
		switch {
		case (axis.Key == "") == (len(axis.Freeze) == 0):
			return f.at(line, "axis: want key and values, or freeze")
		case len(axis.Freeze) > 0 && len(axis.Values) > 0:
			return f.at(line, "axis: got values beside freeze, want them with a key")
		case axis.Key != "" && len(axis.Values) == 0:
			return f.at(line, "axis: %s: got no values, want at least one", axis.Key)
		case slices.Contains(reserved, axis.Key):
			return f.at(line, "axis: %s: want name, seeds or threads of the sweep", axis.Key)
		}
		a := Axis{Key: axis.Key, Freeze: axis.Freeze, line: line}
		for _, v := range axis.Values {
			text, err := literal(v)
			if err != nil {
				return f.at(line, "axis: %s: %v", axis.Key, err)
			}
			a.Values = append(a.Values, text)
		}
		f.Axes = append(f.Axes, a)
	}
	return nil
}

func (f *File) readPoints(form *form) error {
	for k, p := range form.Point {
		line := f.line("point", k, "name")
		if p.Name == "" {
			return f.at(line, "point: got no name, want one")
		}
		set, err := f.settings("point", k, p.Set)
		if err != nil {
			return err
		}
		f.Points = append(f.Points, NamedPoint{Name: p.Name, Set: set})
	}
	return nil
}

func (f *File) readRules(form *form) error {
	s, g := form.Stop, form.Greedy
	f.Stop = Stop{AtKimg: s.AtKimg, Factor: s.Factor, Best: s.Best}
	line := f.line("stop", 0, "")
	switch {
	case len(s.AtKimg) == 0 && s.Factor == 0 && s.Best == 0:
	case len(s.AtKimg) == 0 || !(slices.Min(s.AtKimg) > 0):
		return f.at(line, "stop: at_kimg: got %v, want thousands of images, more than 0", s.AtKimg)
	case s.Factor == 0 && s.Best == 0:
		return f.at(line, "stop: want factor or best")
	case s.Factor != 0 && !(s.Factor > 1):
		return f.at(line, "stop: factor: got %g, want more than 1", s.Factor)
	case s.Best < 0:
		return f.at(line, "stop: best: got %d, want 1 or more", s.Best)
	}
	slices.Sort(f.Stop.AtKimg)
	if g.Freeze == "" && g.Thaw == "" && g.Rounds == 0 && g.AtKimg == 0 {
		return nil
	}
	line = f.line("greedy", 0, "")
	f.Greedy = Greedy{Group: g.Freeze + g.Thaw, Thaw: g.Thaw != "", Rounds: g.Rounds, AtKimg: g.AtKimg}
	switch {
	case (g.Freeze == "") == (g.Thaw == ""):
		return f.at(line, "greedy: want freeze or thaw, each one of %s", strings.Join(groupKinds, " | "))
	case !slices.Contains(groupKinds, f.Greedy.Group):
		return f.at(line, "greedy: got %q, want %s", f.Greedy.Group, strings.Join(groupKinds, " | "))
	case g.Rounds < 1 || g.Rounds > 100:
		return f.at(line, "greedy: rounds: got %d, want in [1, 100]", g.Rounds)
	case !(g.AtKimg >= 0):
		return f.at(line, "greedy: at_kimg: got %g, want 0, or thousands of images", g.AtKimg)
	case len(f.Axes)+len(f.Points) > 0:
		return f.at(line, "greedy: got axes or points beside it, want it alone: it makes the points")
	}
	return nil
}

var headerLine = regexp.MustCompile(`^\s*\[\[?\s*([^\]]*?)\s*\]`)

// line finds a key of the k-th table of a name, "" for the top of the file; a key that
// is not there has the line of its table, and that 1.
func (f *File) line(table string, k int, key string) int {
	in, seen, at := "", map[string]int{}, 1
	for i, line := range strings.Split(f.text, "\n") {
		if m := headerLine.FindStringSubmatch(line); m != nil {
			in = m[1]
			if !strings.Contains(in, ".") {
				seen[in]++
			}
			if in == table && seen[table] == k+1 {
				at = i + 1
			}
			continue
		}
		name, _, ok := strings.Cut(line, "=")
		root, _, _ := strings.Cut(in, ".")
		if !ok || key == "" || root != table || table != "" && seen[table] != k+1 {
			continue
		}
		_, below, _ := strings.Cut(in, ".")
		if below = strings.TrimPrefix(below, "set"); below != "" {
			below = strings.TrimPrefix(below+".", ".")
		}
		if name = strings.Trim(strings.TrimSpace(name), `"'`); below+name == key || name == "set."+key {
			return i + 1
		}
	}
	return at
}
