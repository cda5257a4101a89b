package sweep

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"innate/configs"
	"innate/trainer/run"
)

// Plan is what a sweep trains. The queue adds the points of greedy rounds to it, and
// what has become of points; all else stays as it was when the sweep began.
type Plan struct {
	Name    string   `json:"name"`
	About   string   `json:"about,omitempty"`
	Base    string   `json:"base"` // text of the configuration of all points
	Keys    []string `json:"keys"` // settings by which points differ
	Points  []Point  `json:"points"`
	Seeds   []uint64 `json:"seeds"`
	Jobs    int      `json:"jobs"`
	Threads int      `json:"threads"`
	Stop    Stop     `json:"stop"`
	Rung    int      `json:"rung,omitempty"` // how many of Stop.AtKimg have been decided
	Greedy  Greedy   `json:"greedy"`
	Ended   string   `json:"ended,omitempty"`      // what has become of all runs; "" while there are some to train
	Job     string   `json:"job,omitempty"`        // of Slurm, as squeue writes it, that trains the runs instead of a queue
	Peak    int64    `json:"peak_bytes,omitempty"` // memory of the largest run, as foretold; 0: not known
}

// Point is settings over the base, trained with every seed.
type Point struct {
	Name    string   `json:"name"`
	Set     Settings `json:"set"`
	Round   int      `json:"round,omitempty"`   // of a greedy search, from 1
	Groups  []string `json:"groups,omitempty"`  // of layers, that it tries there
	Dropped string   `json:"dropped,omitempty"` // why it was ended early; "" if it was not
}

// Checks are what a plan needs of packages that know networks.
type Checks struct {
	// Config refuses a configuration that no run could begin with.
	Config func(*configs.Config) error

	// Layers describes the network that a configuration trains.
	Layers func(*configs.Config) ([]run.Layer, error)
}

// Plan makes the points of the file over the text of its base, and checks the
// configuration of each.
func (f *File) Plan(base string, checks Checks) (*Plan, error) {
	p := &Plan{Name: f.Name, About: f.About, Seeds: f.Seeds, Jobs: f.Jobs, Threads: f.Threads, Stop: f.Stop, Greedy: f.Greedy}
	common := slices.Clone(f.Set)
	common = append(common, Setting{Key: "name", Value: f.Name})
	if p.Threads == 0 {
		p.Threads = 1
	}
	common = append(common, Setting{Key: "run.threads", Value: strconv.Itoa(p.Threads)})
	text, err := common.Apply(base)
	if err != nil {
		return nil, f.at(common.lineOf(err), "set: %v", plain(err))
	}
	if _, err := configs.Parse(run.ConfigFile, text); err != nil {
		return nil, f.at(common.lineOf(err), "set: %s", plain(err))
	}
	if text, err = Absolute(text, filepath.Dir(f.path)); err != nil {
		return nil, err
	}
	p.Base = text
	points, err := f.points(p, checks)
	if err != nil {
		return nil, err
	}
	for i, named := range points {
		round := 0
		if f.Greedy.Group != "" {
			round = 1
		}
		if err := p.add(named, round); err != nil {
			return nil, f.at(f.lineOfPoint(i, points), "%v", err)
		}
		cfg, err := p.Config(p.Points[i], p.Seeds[0])
		if err == nil {
			if cfg, err = f.locate(p, i, cfg); err == nil && checks.Config != nil {
				err = checks.Config(cfg)
			}
		}
		if err != nil {
			line := named.Set.lineOf(err)
			if line == 0 {
				line = f.lineOfPoint(i, points)
			}
			return nil, f.at(line, "point %q: %s", named.Name, plain(err))
		}
	}
	if err := f.checkStops(p); err != nil {
		return nil, err
	}
	if n := len(p.Points) * len(p.Seeds); n > MaxRuns {
		return nil, f.at(0, "got %d points of %d seeds, want at most %d runs", len(p.Points), len(p.Seeds), MaxRuns)
	}
	return p, nil
}

// Absolute makes the paths in the text of a configuration absolute, which count from a
// folder: its runs are made when nobody knows any more where that was.
func Absolute(text, folder string) (string, error) {
	c, err := configs.Parse(run.ConfigFile, text)
	if err != nil {
		return "", err
	}
	paths, err := absolutePaths(c, folder)
	if err != nil {
		return "", err
	}
	return paths.Apply(text)
}

// absolutePaths are the settings of a configuration that name files by a path from a
// folder, with absolute ones, in the order of their keys.
func absolutePaths(c *configs.Config, folder string) (set Settings, err error) {
	paths := c.Paths()
	for _, key := range slices.Sorted(maps.Keys(paths)) {
		at := configs.Locate(folder, paths[key])
		if at == paths[key] {
			continue
		}
		if at, err = filepath.Abs(at); err != nil {
			return nil, fmt.Errorf("sweep: %w", err)
		}
		set = append(set, Setting{Key: key, Value: at})
	}
	return set, nil
}

// locate is Absolute for the settings of a point.
func (f *File) locate(p *Plan, i int, cfg *configs.Config) (*configs.Config, error) {
	paths, err := absolutePaths(cfg, filepath.Dir(f.path))
	if err != nil {
		return nil, err
	}
	p.Points[i].Set = append(slices.Clone(p.Points[i].Set), paths...)
	return p.Config(p.Points[i], p.Seeds[0])
}

// checkStops refuses numbers of images at which a point measures nothing to stop it by.
func (f *File) checkStops(p *Plan) error {
	kimgs := slices.Clone(f.Stop.AtKimg)
	line := f.line("stop", 0, "at_kimg")
	if f.Greedy.AtKimg > 0 {
		kimgs, line = append(kimgs, f.Greedy.AtKimg), f.line("greedy", 0, "at_kimg")
	}
	for _, point := range p.Points {
		cfg, err := p.Config(point, p.Seeds[0])
		if err != nil {
			return err
		}
		every, total := cfg.Live.FIDKimg, cfg.Live.TotalKimg
		for _, kimg := range kimgs {
			if every <= 0 || kimg > total || math.Abs(kimg-every*math.Round(kimg/every)) > nearShare*kimg {
				return f.at(line, "at_kimg: %g: point %q has no FID there: live.fid_kimg is %g, live.total_kimg %g", kimg, point.Name, every, total)
			}
		}
	}
	return nil
}

// points are those of the axes, all combinations, and the named ones beside them.
func (f *File) points(p *Plan, checks Checks) ([]NamedPoint, error) {
	layers := func() ([]run.Layer, error) {
		cfg, err := configs.Parse(run.ConfigFile, p.Base)
		if err != nil {
			return nil, err
		}
		if checks.Layers == nil {
			return nil, fmt.Errorf("the layers of the network are not known here")
		}
		return checks.Layers(cfg)
	}
	if f.Greedy.Group != "" {
		all, err := layers()
		if err != nil {
			return nil, f.at(f.line("greedy", 0, ""), "greedy: %s", plain(err))
		}
		return f.Greedy.round(nil, true, all), nil
	}
	var grid []NamedPoint
	if len(f.Axes) > 0 {
		var err error
		if grid, err = Grid(f.Axes, layers); err != nil {
			return nil, f.at(f.line("axis", 0, ""), "axis: %s", plain(err))
		}
	}
	all := slices.Concat(grid, f.Points)
	if len(all) == 0 { // an ensemble
		all = []NamedPoint{{}}
	}
	return all, nil
}

// Grid makes a point of every combination of the axes' values. The network's layers are
// asked for by axes of freeze alone.
func Grid(axes []Axis, layers func() ([]run.Layer, error)) ([]NamedPoint, error) {
	grid := []NamedPoint{{}}
	for _, axis := range axes {
		values, err := axis.points(layers)
		if err != nil {
			return nil, err
		}
		var next []NamedPoint
		for _, have := range grid {
			for _, v := range values {
				name := strings.TrimPrefix(have.Name+", "+v.Name, ", ")
				next = append(next, NamedPoint{Name: name, Set: slices.Concat(have.Set, v.Set)})
			}
		}
		if grid = next; len(grid) > MaxRuns {
			return nil, fmt.Errorf("got %d runs and more, want at most %d", len(grid), MaxRuns)
		}
	}
	return grid, nil
}

// points are the values of an axis.
func (a Axis) points(layers func() ([]run.Layer, error)) (points []NamedPoint, err error) {
	for _, value := range a.Freeze {
		some, err := expandFreeze(value, layers)
		if err != nil {
			return nil, err
		}
		for _, p := range some {
			for i := range p.Set {
				p.Set[i].line = a.line
			}
		}
		points = append(points, some...)
	}
	for _, value := range a.Values {
		short := a.Key[strings.LastIndexByte(a.Key, '.')+1:]
		points = append(points, NamedPoint{Name: short + "=" + value, Set: Settings{{Key: a.Key, Value: value, line: a.line}}})
	}
	return points, nil
}

// lineOfPoint is the line of a named point; those of axes have that of the first axis.
func (f *File) lineOfPoint(i int, all []NamedPoint) int {
	if k := i - (len(all) - len(f.Points)); k >= 0 && len(f.Points) > 0 {
		return f.line("point", k, "name")
	}
	return f.line("axis", 0, "")
}

// maxRunName bounds the name of a run's directory, in bytes: 255 less what stands around it
// while it is deleted.
const maxRunName = 235

// add adds a point whose name and directories are no other's.
func (p *Plan) add(named NamedPoint, round int) error {
	if strings.ContainsFunc(named.Name, unicode.IsControl) || len(named.Name) > 200 {
		return fmt.Errorf("point: got the name %.40q, want at most 200 bytes without control characters", named.Name)
	}
	if longest := p.RunName(Point{Name: named.Name}, math.MaxUint32); len(longest) > maxRunName {
		return fmt.Errorf("point %q: its runs would be called %.40q… of %d bytes, want at most %d: a shorter name", named.Name, longest, len(longest), maxRunName)
	}
	for _, q := range p.Points {
		if slug(q.Name) == slug(named.Name) {
			return fmt.Errorf("point %q: another is called %q, want names that make different directories", named.Name, q.Name)
		}
	}
	for _, set := range named.Set {
		if !slices.Contains(p.Keys, set.Key) {
			p.Keys = append(p.Keys, set.Key)
		}
	}
	p.Points = append(p.Points, Point{Name: named.Name, Set: named.Set, Round: round, Groups: named.Groups})
	return nil
}

// slug is a name as a part of a directory's.
func slug(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._+", r)
	}), "-")
}

// seedMark stands before the seed in the name of a run.
const seedMark = "-seed"

// RunName is the directory, among the runs, of a point with a seed.
func (p *Plan) RunName(point Point, seed uint64) string {
	name := p.Name
	if s := slug(point.Name); s != "" {
		name += "-" + s
	}
	return name + seedMark + strconv.FormatUint(seed, 10)
}

// Text is the configuration of a point with a seed.
func (p *Plan) Text(point Point, seed uint64) (string, error) {
	return append(slices.Clone(point.Set), Setting{Key: "run.seed", Value: strconv.FormatUint(seed, 10)}).Apply(p.Base)
}

// Config is Text, read.
func (p *Plan) Config(point Point, seed uint64) (*configs.Config, error) {
	text, err := p.Text(point, seed)
	if err != nil {
		return nil, err
	}
	return configs.Parse(run.ConfigFile, text)
}

// Point is the point of a name.
func (p *Plan) Point(name string) (Point, bool) {
	i := slices.IndexFunc(p.Points, func(q Point) bool { return q.Name == name })
	if i < 0 {
		return Point{}, false
	}
	return p.Points[i], true
}

// Next adds the points of the next round of a greedy search after best, the best so far;
// none are left if it adds none.
func (p *Plan) Next(best Point, layers []run.Layer) (added int, err error) {
	last := p.Points[len(p.Points)-1].Round
	if last >= p.Greedy.Rounds {
		return 0, nil
	}
	for _, named := range p.Greedy.round(best.Groups, false, layers) {
		if err := p.add(named, last+1); err != nil {
			return added, err
		}
		added++
	}
	return added, nil
}
