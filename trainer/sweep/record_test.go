package sweep_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"innate/configs"
	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/trainer/sweep"
)

// two is a sweep of two points and two seeds, that keeps what a test gives it.
func two(t *testing.T) (dir string, p *sweep.Plan) {
	t.Helper()
	p = plan(t, "base = 'mnist-gdd-i'\nseeds = 2\n[set]\nlive.total_kimg = 40\n[[axis]]\nkey = 'live.gen_lr'\nvalues = [1e-4, 2e-4]")
	dir = sweep.Dir(t.TempDir(), p.Name)
	must(t, os.MkdirAll(filepath.Join(dir, sweep.QueueDir), 0o755))
	must(t, p.Write(dir))
	return dir, p
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// judges are those that mnist-gdd-i names.
func judges(*configs.Config) ([]sweep.Measured, error) {
	return []sweep.Measured{{Key: "fid", Name: "FID(mnist-cnn)"}, {Key: "fid/other", Name: "FID(other)"}}, nil
}

// trained makes the directory of a run as a trainer leaves it, with these FIDs at 10 kimg
// each.
func trained(t *testing.T, dir string, p *sweep.Plan, point, seed int, state string, fids ...float64) {
	t.Helper()
	at := filepath.Join(filepath.Dir(dir), p.RunName(p.Points[point], uint64(seed)))
	must(t, os.RemoveAll(at))
	for _, below := range []string{run.CheckpointsDir, run.SamplesDir} {
		must(t, os.MkdirAll(filepath.Join(at, below), 0o755))
	}
	text, err := p.Text(p.Points[point], uint64(seed))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(at, run.ConfigFile), []byte(text), 0o644))
	must(t, run.EditAbout(at, func(a *run.About) { a.Group, a.Point = p.Name, p.Points[point].Name }))
	log, err := runlog.OpenWriter(at)
	must(t, err)
	write := func(kind runlog.Type, nimg int64, scalars map[string]float64) {
		line, err := runlog.Tick{Type: kind, Nimg: nimg, Time: time.Unix(nimg, 0), Scalars: scalars}.Line()
		must(t, err)
		must(t, log.Write(line))
	}
	st := run.Status{
		State: state, Metric: "fid", FIDName: "FID(mnist-cnn)", Params: 100, FrozenFraction: 0.25, PeakBytes: 3 << 20,
		Also: []run.Measured{{Key: "fid/other", Name: "FID(other)"}},
	}
	for i, fid := range fids {
		st.Nimg = int64(i+1)*10000 + 48
		write(runlog.TypeTick, st.Nimg, map[string]float64{"speed/images_per_sec": 20 + float64(i), runlog.CPUSpeed: 40 + 2*float64(i)})
		write(runlog.TypeFID, st.Nimg, map[string]float64{"fid": fid, "fid/other": fid / 100})
		if st.LastFID = &fid; st.BestFID == nil || fid < *st.BestFID {
			st.BestFID = &fid
		}
	}
	must(t, log.Close())
	must(t, run.WriteStatus(at, st))
}

// table is a group's, as text.
func table(t *testing.T, g sweep.Group) string {
	t.Helper()
	tab, err := g.Compare([]float64{10, 20, 0}, g.Points[0].Name)
	must(t, err)
	head, rows := tab.Cells()
	text := strings.Join(head, "|")
	for _, row := range rows {
		text += "\n" + strings.Join(row, "|")
	}
	return text
}

// records are those of the runs that are there.
func records(t *testing.T, dir string, p *sweep.Plan) sweep.Records {
	t.Helper()
	list, err := sweep.Of(dir, p).Records("v1")
	must(t, err)
	return list
}

// write writes records, or any text, into a file.
func write(t *testing.T, name string, list sweep.Records, text ...string) (path string) {
	t.Helper()
	var b bytes.Buffer
	must(t, list.Write(&b))
	path = filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, []byte(b.String()+strings.Join(text, "\n")), 0o644))
	return path
}

// TestRecordsTable makes the same table from runs, from records of them, and from some of
// each; runs that are there count before their records.
func TestRecordsTable(t *testing.T) {
	there, p := two(t)
	trained(t, there, p, 0, 1, run.StateDone, 9, 7.125, 1.0/3, 6)
	trained(t, there, p, 0, 2, run.StateStopped, 8, 5)
	trained(t, there, p, 1, 1, run.StateDone, 12, 11, 10, 9.5)
	want := table(t, sweep.Of(there, p))
	if !strings.Contains(want, "images/CPU s|frozen|memory") || !strings.Contains(want, "|21.0|42.0|25.0 %|3 MiB|40.048|") || !strings.Contains(want, "8.5 ± 0.7071|6.062 ± 1.503|6|") {
		t.Errorf("of runs:\n%s", want)
	}
	path := write(t, "there.jsonl", records(t, there, p))
	list, err := sweep.ReadRecords(path, path) // every line twice
	must(t, err)
	if len(list) != 3 || list[0].Settings["live.gen_lr"] != "0.0001" || list[0].Settings["name"] != "" || list[0].Innate != "v1" || list[1].Done || list[2].Evaluations[0].Kimg != 10.048 {
		t.Errorf("records: %+v", list)
	}
	here, _ := two(t)
	must(t, p.Admit(list, judges))
	got := sweep.Of(here, p).With(p, list)
	if table(t, got) != want || got.State != sweep.StateDead {
		t.Errorf("of records, %s:\n%s\nwant\n%s", got.State, table(t, got), want)
	}
	must(t, list.Keep(here))
	if got := sweep.Of(here, p); got.Err != nil || table(t, got) != want {
		t.Errorf("of records that it keeps: %v\n%s\nwant\n%s", got.Err, table(t, got), want)
	}
	groups := sweep.Groups(filepath.Dir(here), nil)
	if len(groups) != 1 || table(t, groups[0]) != want {
		t.Errorf("in a list: %+v", groups)
	}
	again, err := got.Records("v2")
	must(t, err)
	if !slices.EqualFunc(again, list, func(a, b sweep.Record) bool { return a.Point == b.Point && a.Seed == b.Seed && a.Innate == b.Innate }) {
		t.Errorf("records of records: %+v, want them as they were", again)
	}

	trained(t, here, p, 0, 2, run.StateDone, 8, 5, 4, 3) // goes on where the record ends
	trained(t, here, p, 1, 2, run.StateDone, 1, 2, 3, 4)
	trained(t, there, p, 0, 2, run.StateDone, 8, 5, 4, 3)
	trained(t, there, p, 1, 2, run.StateDone, 1, 2, 3, 4)
	mixed := sweep.Of(here, p)
	if want := table(t, sweep.Of(there, p)); table(t, mixed) != want || mixed.State != sweep.StateDone {
		t.Errorf("of both, %s:\n%s\nwant\n%s", mixed.State, table(t, mixed), want)
	}
	must(t, sweep.Delete(here, true))
	if left, err := os.ReadDir(filepath.Dir(here)); err != nil || len(left) > 0 {
		t.Errorf("deleted: %v, %v are left", left, err)
	}

	none := sweep.Of(sweep.Dir(t.TempDir(), "x"), p).With(p, list)
	if none.State != sweep.StateLoose || none.Dir != "" || len(none.Points[0].Runs) != 2 {
		t.Errorf("without a sweep's directory: %+v", none)
	}
}

// TestRecordsMerge keeps of two records of a run the one that saw more, and refuses such
// as contradict each other.
func TestRecordsMerge(t *testing.T) {
	dir, p := two(t)
	trained(t, dir, p, 0, 1, run.StateStopped, 9)
	early := write(t, "early.jsonl", records(t, dir, p))
	trained(t, dir, p, 0, 1, run.StateDone, 9, 8)
	late := write(t, "late.jsonl", records(t, dir, p))
	for _, paths := range [][]string{{early, late}, {late, early}} {
		list, err := sweep.ReadRecords(paths...)
		if err != nil || len(list) != 1 || !list[0].Done {
			t.Errorf("%v: %+v, %v; want the one that is done", paths, list, err)
		}
	}
	trained(t, dir, p, 0, 1, run.StateDone, 9, 8.5)
	other := write(t, "other.jsonl", records(t, dir, p))
	_, err := sweep.ReadRecords(early, late, other)
	want := `sweep: point "gen_lr=0.0001", seed 1: FID(mnist-cnn) at 20.048 kimg is 8 by ` + late + ":1, and 8.5 by " + other + ":1: want one of them"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestRecordsBad reads files that hold something else; the line is named.
func TestRecordsBad(t *testing.T) {
	dir, p := two(t)
	trained(t, dir, p, 0, 1, run.StateDone, 9)
	good := records(t, dir, p)
	for _, c := range []struct {
		lines []string
		want  string
	}{
		{[]string{"", `{"type":"run","point":"a","se`}, ":3: got no record of a run: unexpected end of JSON input"},
		{[]string{`{"type":"fid","nimg":5}`}, `:2: type: got "fid", want "run"`},
		{[]string{`{"type":"run","seed":-1}`}, ":2: got no record of a run: json: cannot unmarshal number -1 into Go struct field Record.seed of type uint64"},
		{[]string{`{"type":"run","kimg":-3}`}, ":2: kimg: got -3, want in [0, 1e+09]"},
		{[]string{`{"type":"run","point":"\u001b[2J"}`}, `:2: got "\x1b[2J", want at most 400 bytes of text that can be printed`},
		{[]string{`{"type":"run","judges":[{"key":"fid"}]}`}, `:2: judges: got key "fid", name "", want both, each key once`},
		{[]string{`{"type":"run","evaluations":[{"kimg":1,"values":{"fid":3}}]}`}, `:2: evaluations: at 1 kimg: got a value of "fid", want one of the judges`},
		{[]string{`{"type":"run","evaluations":[{"kimg":2},{"kimg":2}]}`}, ":2: evaluations: got one at 2 kimg behind one at 2, want them in order, each once"},
		{[]string{`{"type":"run","evaluations":[{"values":{}}]}`}, ":2: got no record of a run: evaluations: got one without kimg"},
		{[]string{`{"type":"run","judges":[{"key":"fid","name":"F"}],"evaluations":[{"kimg":1,"values":{"fid":null}}]}`}, `:2: got no record of a run: evaluations: at 1 kimg: got null for "fid", want a number, or nothing`},
		{[]string{`{"type":"run","frozen_fraction":1.5}`}, ":2: frozen_fraction: got 1.5, want in [0, 1]"},
	} {
		path := write(t, "bad.jsonl", good, c.lines...)
		if _, err := sweep.ReadRecords(path); err == nil || err.Error() != "sweep: "+path+c.want {
			t.Errorf("%q:\ngot  %v\nwant %s", c.lines, err, c.want)
		}
	}
	empty := write(t, "empty.jsonl", nil, "", "")
	if _, err := sweep.ReadRecords(empty); err == nil || !strings.HasSuffix(err.Error(), "empty.jsonl: got no record of a run, want at least one") {
		t.Errorf("empty: %v", err)
	}
	must(t, os.Rename(write(t, "bad.jsonl", nil, "{"), filepath.Join(dir, sweep.RecordsFile)))
	if g := sweep.Of(dir, p); g.Err == nil || len(g.Points[0].Runs) != 1 {
		t.Errorf("a sweep whose own records are damaged: %v, %+v; want that said, and its run", g.Err, g.Points)
	}
}

// TestRecordsAdmit refuses records that are not of the sweep's runs.
func TestRecordsAdmit(t *testing.T) {
	dir, p := two(t)
	trained(t, dir, p, 1, 2, run.StateDone, 9, 8, 7, 6)
	path := write(t, "r.jsonl", records(t, dir, p))
	for _, c := range []struct {
		name string
		edit func(r *sweep.Record)
		want string
	}{
		{"itself", func(*sweep.Record) {}, ""},
		{"without settings", func(r *sweep.Record) { r.Settings = nil }, ""},
		{"a copied file", func(r *sweep.Record) { r.Settings["disc.classes"] = `"inputs/classes.safetensors"` }, ""},
		{"a point", func(r *sweep.Record) { r.Point = "gone" }, `"gone", seed 2: no run of x, want one of its points, gen_lr=0.0001 | gen_lr=0.0002, and a seed of [1 2]`},
		{"a seed", func(r *sweep.Record) { r.Seed = 9 }, "seed 9: no run of x, want"},
		{"a setting", func(r *sweep.Record) { r.Settings["live.gen_lr"] = "0.0003" }, "of other settings: live.gen_lr: got 0.0003, want 0.0002"},
		{"a base", func(r *sweep.Record) { delete(r.Settings, "live.total_kimg") }, "of other settings: live.total_kimg: got the default, want 40.0"},
		{"a default", func(r *sweep.Record) { r.Settings["disc.width"] = "32" }, "of other settings: disc.width: got 32, want the default"},
		{"a method", func(r *sweep.Record) { r.Settings["method"] = `"fd"` }, `of other settings: method: got "fd", want "gdd"`},
		{"a length", func(r *sweep.Record) { r.Settings, r.Kimg = nil, 30 }, "done at 30 kimg, want 40"},
		{"a judge", func(r *sweep.Record) { r.Judges[0].Name = "FID(x)" }, "judged by FID(x) as fid, want FID(mnist-cnn) as fid, FID(other) as fid/other, the first of which decides"},
		{"another that decides", func(r *sweep.Record) { slices.Reverse(r.Judges) }, "judged by FID(other) as fid/other, want FID(mnist-cnn) as fid"},
	} {
		list, err := sweep.ReadRecords(path)
		must(t, err)
		c.edit(&list[0])
		err = p.Admit(list, judges)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), "sweep: "+path+":1: point ") || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s:\ngot  %v\nwant %s", c.name, err, c.want)
		}
	}
	greedy := plan(t, "base = 'mnist-gdd-i'\n[greedy]\nfreeze = 'part'\nrounds = 5")
	if err := greedy.Admit(sweep.Records{{Point: "enc dec frozen", Seed: 1}}, judges); err != nil {
		t.Errorf("of a round that is to come: %v", err)
	}
}

// TestOtherNetwork has two points judged by networks of one key: neither's values stand
// under the other's name.
func TestOtherNetwork(t *testing.T) {
	dir, p := two(t)
	trained(t, dir, p, 0, 1, run.StateDone, 9)
	list := records(t, dir, p)
	other := list[0]
	other.Point, other.Judges = p.Points[1].Name, []sweep.Measured{{Key: "fid", Name: "FID(x)"}}
	other.Evaluations = sweep.Evaluations{{Kimg: 10, Values: map[string]float64{"fid": 3}}}
	got := table(t, sweep.Of(dir, p).With(p, append(list, other)))
	lines := strings.Split(got, "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[1], "gen_lr=0.0001|9||9|0.09||0.09||||1|") || !strings.HasPrefix(lines[2], "gen_lr=0.0002|||||||3||3|1|") {
		t.Errorf("got\n%s", got)
	}
}

// TestShippedRecords holds the values of the sweeps that are built in against them.
func TestShippedRecords(t *testing.T) {
	for _, c := range []struct {
		name      string
		kimg      []float64
		rows      int
		row, at   int // of the table's cells
		point     string
		fid, rest string
	}{
		{"freeze-mnist", []float64{10, 20, 40}, 17, 15, 3, "GAN+FD", "15.8 ± 2.21", "0.02152 ± 0.001958"},
		{"freeze-mnist-long", []float64{20, 100, 200}, 5, 1, 3, "gdd-i", "9.346 ± 1.276", "0.009226 ± 0.00233"},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := sweep.ReadRecords("tables/" + c.name + ".jsonl")
			must(t, err)
			f, err := sweep.Read(c.name)
			must(t, err)
			p, err := f.Plan(base(t), sweep.Checks{})
			must(t, err)
			must(t, p.Admit(list, func(*configs.Config) ([]sweep.Measured, error) { return list[0].Judges, nil }))
			g := sweep.Of(sweep.Dir(t.TempDir(), p.Name), p).With(p, list)
			if g.State != sweep.StateDone {
				t.Errorf("%s with its records", g.State)
			}
			tab, err := g.Compare(c.kimg, "gdd-i")
			must(t, err)
			_, rows := tab.Cells()
			if len(rows) != c.rows || rows[c.row][0] != c.point || rows[c.row][c.at] != c.fid || rows[c.row][c.at+len(c.kimg)] != c.rest {
				t.Errorf("table: %q", rows)
			}
		})
	}
}

// TestBehind: a seed that is far behind is no part of where its point stands, and one that
// is a little behind has it stand where both have been.
func TestBehind(t *testing.T) {
	dir, p := two(t)
	trained(t, dir, p, 0, 1, run.StateDone, 90, 40, 20, 10)
	trained(t, dir, p, 0, 2, run.StateRunning, 80, 30)
	trained(t, dir, p, 1, 1, run.StateRunning, 90, 50, 40, 30, 28)
	trained(t, dir, p, 1, 2, run.StateRunning, 90, 60, 50, 40)
	lines := strings.Split(table(t, sweep.Of(dir, p)), "\n")
	if len(lines) != 3 || strings.Split(lines[1], "|")[3] != "10" || strings.Split(lines[2], "|")[3] != "35 ± 7.071" {
		t.Errorf("got\n%s", strings.Join(lines, "\n"))
	}
}

// TestFileAlone: of a sweep that has no directory what lies in the working directory says
// nothing.
func TestFileAlone(t *testing.T) {
	dir, p := two(t)
	for point := range p.Points {
		for _, seed := range []int{1, 2} {
			trained(t, dir, p, point, seed, run.StateDone, 9, 8, 7, 6)
		}
	}
	list := records(t, dir, p)
	t.Chdir(t.TempDir())
	must(t, os.Mkdir(sweep.QueueDir, 0o755))
	lock, err := run.Acquire(sweep.QueueDir)
	must(t, err)
	defer lock.Release()
	if g := sweep.Of(sweep.Dir(t.TempDir(), "x"), p).With(p, list); g.State != sweep.StateDone {
		t.Errorf("%s, want %s", g.State, sweep.StateDone)
	}
}

// TestWatcher reads a sweep's records when they are others, and not at every look.
func TestWatcher(t *testing.T) {
	dir, p := two(t)
	trained(t, dir, p, 0, 1, run.StateDone, 9)
	list := records(t, dir, p)
	must(t, os.RemoveAll(filepath.Join(filepath.Dir(dir), p.RunName(p.Points[0], 1))))
	must(t, list.Keep(dir))
	var w sweep.Watcher
	look := func() *sweep.Record {
		t.Helper()
		groups := w.Groups(filepath.Dir(dir), nil)
		if len(groups) != 1 || groups[0].Err != nil || len(groups[0].Points) != 2 || len(groups[0].Points[0].Runs) != 1 {
			t.Fatalf("%+v", groups)
		}
		return groups[0].Points[0].Runs[0].Record
	}
	first := look()
	if again := look(); again != first {
		t.Error("records that are as they were are read again")
	}
	list[0].Kimg++
	must(t, list.Keep(dir))
	if other := look(); other.Kimg != first.Kimg+1 {
		t.Errorf("%g kimg, want those of the records that are there now, %g", other.Kimg, first.Kimg+1)
	}
}

// TestCopied: the copy of a sweep's directory has no runs, least of all to delete.
func TestCopied(t *testing.T) {
	dir, p := two(t)
	trained(t, dir, p, 0, 1, run.StateDone, 9)
	copied := sweep.Dir(filepath.Dir(dir), "backup")
	must(t, os.CopyFS(copied, os.DirFS(dir)))
	want := `of the sweep "x", want it in a directory "x.sweep"`
	if err := sweep.Delete(copied, true); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("delete: %v, want %s", err, want)
	}
	infos, err := run.List(filepath.Dir(dir))
	if err != nil || len(infos) != 1 {
		t.Errorf("%d runs left, %v; want the other's", len(infos), err)
	}
	groups := sweep.Groups(filepath.Dir(dir), infos)
	if len(groups) != 2 || groups[0].Err == nil || !strings.Contains(groups[0].Err.Error(), want) || groups[1].Err != nil {
		t.Errorf("groups: %+v", groups)
	}
}
