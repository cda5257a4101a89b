package torchfile_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"innate/models/torchfile"
)

// record is one of a zip, stored.
type record struct{ name, content string }

// archive makes a zip of torch.save from a pickle and further records.
func archive(t testing.TB, pickle string, more ...record) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, r := range append([]record{{"a/data.pkl", pickle}}, more...) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: r.name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(r.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Pieces of pickles, protocol 2.
func text(s string) string { return "X" + u32(len(s)) + s }
func number(n int64) string {
	return "\x8a\x08" + string(binary.LittleEndian.AppendUint64(nil, uint64(n)))
}
func u32(n int) string { return string(binary.LittleEndian.AppendUint32(nil, uint32(n))) }
func numbers(n []int64) string {
	var b strings.Builder
	for _, v := range n {
		b.WriteString(number(v))
	}
	return "(" + b.String() + "t"
}

// stored is the persistent id of a storage of float32.
func stored(key string, count int64) string {
	return "(" + text("storage") + "ctorch\nFloatStorage\n" + text(key) + text("cpu") + number(count) + "tQ"
}

// tensor is a view of a storage.
func tensor(storage string, offset int64, shape, strides []int64) string {
	return "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number(offset) + numbers(shape) + numbers(strides) + "\x89ccollections\nOrderedDict\n)RtR"
}

// named is a state dict of one tensor.
func named(name, tensor string) string { return "\x80\x02}" + text(name) + tensor + "s." }

// load opens bytes as a file, and reads all its values.
func load(t testing.TB, data string) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.pt")
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := torchfile.Load(path, "")
	if err != nil {
		return err
	}
	for _, tensor := range f.Tensors() {
		if _, err := tensor.Raw(); err != nil {
			return err
		}
	}
	return nil
}

// TestRefused names what is wrong with files that lie.
func TestRefused(t *testing.T) {
	four := record{"a/data/0", strings.Repeat("\x00", 16)} // float32
	good := named("w", tensor(stored("0", 4), 0, []int64{2, 2}, []int64{2, 1}))
	if err := load(t, archive(t, good, four)); err != nil {
		t.Fatalf("a file without a fault: %v", err)
	}
	legacy, err := os.ReadFile("testdata/state-legacy.pt")
	if err != nil {
		t.Fatal(err)
	}
	network, err := os.ReadFile("testdata/network4.pkl")
	if err != nil {
		t.Fatal(err)
	}
	view := func(offset int64, shape, strides []int64) string {
		return archive(t, named("w", tensor(stored("0", 4), offset, shape, strides)), four)
	}
	deflated := func() string {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		w, _ := z.Create("a/data.pkl")
		_, _ = w.Write([]byte(strings.Repeat("a", 1000)))
		_ = z.Close()
		return b.String()
	}
	lying := func() string { // the directory's sizes of the last record, beyond the file
		data := []byte(archive(t, good, four))
		entry := data[bytes.LastIndex(data, []byte(four.name))-46:]
		binary.LittleEndian.PutUint32(entry[20:], 1<<30)
		binary.LittleEndian.PutUint32(entry[24:], 1<<30)
		return string(data)
	}
	for what, c := range map[string]struct{ data, want string }{
		"a command":                      {archive(t, "\x80\x02cos\nsystem\n"+text("true")+"\x85R."), `it wants to run "os.system"`},
		"a class of somebody's":          {archive(t, "\x80\x02c__main__\nNet\n)\x81}b."), `it wants to run "__main__.Net", which innate does not: nothing in a file is ever run; in Python, save the state dict alone: torch.save(net.state_dict(), FILE)`},
		"a call of torch itself":         {archive(t, "\x80\x02ctorch\nload\n."), `it wants to run "torch.load"`},
		"a chain of getattr":             {archive(t, "\x80\x02c__builtin__\ngetattr\n."), `it wants to run "__builtin__.getattr"`},
		"a storage that is missing":      {archive(t, good), `tensor "w": record "a/data/0": missing`},
		"a storage cut short":            {archive(t, good, record{"a/data/0", "\x00"}), `tensor "w": storage "0": 1 bytes, want 16`},
		"a directory that lies":          {lying(), `tensor "w": record "a/data/0": 1073741824 bytes at `},
		"a path for a key":               {archive(t, named("w", tensor(stored("../0", 4), 0, nil, nil)), four), `record "a/data/../0": missing`},
		"two records of a name":          {archive(t, good, four, four), `record "a/data/0" appears twice`},
		"two pickles":                    {archive(t, good, four, record{"b/data.pkl", good}), "want one pickle"},
		"a compressed record":            {deflated(), "compressed, want stored"},
		"a big-endian file":              {archive(t, good, four, record{"a/byteorder", "big"}), `byte order "big", want little`},
		"a view beyond its storage":      {view(1, []int64{2, 2}, []int64{2, 1}), `tensor "w": shape [2 2] with strides [2 1] from element 1, want a part of a storage of 4`},
		"an offset beyond it":            {view(1<<62, []int64{1}, []int64{1}), "want a part of a storage of 4"},
		"a negative offset":              {view(-1, []int64{1}, []int64{1}), "offset -1"},
		"a negative stride":              {view(3, []int64{2}, []int64{-1}), "strides [-1], want whole numbers that are not negative"},
		"2^63 values":                    {view(0, []int64{1<<62 + 1, 1 << 62}, []int64{0, 0}), "is too large"},
		"strides that overflow":          {view(0, []int64{3, 3}, []int64{1 << 62, 1 << 62}), "is too large"},
		"a small file for a terabyte":    {view(0, []int64{1 << 38}, []int64{0}), "from a file of"},
		"sizes without strides":          {view(0, []int64{2}, nil), "0 strides, want 1"},
		"a storage of 2^62 elements":     {archive(t, named("w", tensor(stored("0", 1<<62), 0, nil, nil)), four), "4611686018427387904 elements, want fewer"},
		"a storage of -1 elements":       {archive(t, named("w", tensor(stored("0", -1), 0, nil, nil)), four), "count -1"},
		"a sparse tensor":                {archive(t, named("w", "ctorch._utils\n_rebuild_sparse_tensor\n)R")), `tensor "w": torch._utils._rebuild_sparse_tensor: a kind of tensor that is not read here`},
		"no tensors":                     {archive(t, "\x80\x02}."), "a dict of 0, want tensors"},
		"a name twice":                   {archive(t, "\x80\x02}("+text("w")+"N"+text("w")+"Nu."), `key "w" appears twice`},
		"a name twice, by nesting":       {archive(t, "\x80\x02}("+text("a.b")+tensor(stored("0", 4), 0, nil, nil)+text("a")+"}"+text("b")+tensor(stored("0", 4), 0, nil, nil)+"su.", four), `tensor "a.b": named twice`},
		"a zip cut short":                {archive(t, good, four)[:200], "a PyTorch file (zip of torch.save) that was cut short, want all of it"},
		"a legacy file cut in its magic": {string(legacy[:9]), "the file was cut short"},
		"a pickle cut short":             {string(network[:4000]), "the file was cut short"},
		"one byte":                       {"\x80", "a file of no kind that is known here, want a PyTorch file"},
		"a legacy file cut short":        {string(legacy[:len(legacy)-1]), "the file was cut short"},
		"a legacy file without storages": {string(legacy[:900]), "the file was cut short"},
		"a network pickle cut short":     {string(network[:4000]) + ".", "the file was cut short"},
		"a text":                         {"hello", "a text, want a PyTorch file or a network pickle"},
	} {
		err := load(t, c.data)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", what, err, c.want)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%s: error %q, want one plain line", what, err)
		}
	}
}

// doubled is a dict that has the same dict of two under two keys, and so on.
func doubled(levels int, first, second, leaf string) string {
	var b strings.Builder
	b.WriteString("\x80\x02" + leaf + "q\x000")
	for i := range levels {
		fmt.Fprintf(&b, "}(%sh%c%sh%cuq%c0", first, i, second, i, i+1)
	}
	return b.String() + "h" + string(rune(levels))
}

// TestBounded opens small files that ask for much.
func TestBounded(t *testing.T) {
	four := record{"a/data/0", strings.Repeat("\x00", 16)}
	doubling := func(leaf string) string { // a dict of two of the same dict of two …
		return doubled(120, text("a"), text("b"), leaf)
	}
	names := func(n int) string { // one storage under many names, each with all of it to read
		var b strings.Builder
		b.WriteString("\x80\x02" + stored("0", 1<<20) + "q\x000}(")
		for i := range n {
			b.WriteString(text(fmt.Sprint(i)) + tensor("h\x00", 0, []int64{1 << 19, 2}, []int64{1, 1 << 19}))
		}
		return b.String() + "u."
	}
	network := func(kwargs string) string { // whose constructor got these
		return "\x80\x02ctorch_utils.persistence\n_reconstruct_persistent_obj\n}" + text("state") + "}" + text("_init_kwargs") + "}(" + kwargs + "uss\x85R."
	}
	lists := func(levels, n int) string { // a list of n times a list of n times …
		b := "K\x01"
		for i := range levels {
			at := string(rune(i))
			b += "q" + at + "0](" + strings.Repeat("h"+at, n) + "e"
		}
		return b
	}
	entries := func(n int, value string) string {
		var b strings.Builder
		b.WriteString(value + "q\x000")
		for i := range n {
			b.WriteString(text(fmt.Sprint(i)) + "h\x00")
		}
		return b.String()
	}
	for what, data := range map[string]string{
		"lists of lists for an argument": network(text("x") + lists(4, 200)),
		"one text for many arguments":    network(entries(20000, text(strings.Repeat("a", 60000)))),
		"a tuple of texts for a key":     archive(t, "\x80\x02}("+text(strings.Repeat("a", 60000))+"q\x000("+strings.Repeat("h\x00", 100000)+"t}u."),
		"long names":                     archive(t, doubled(18, text(strings.Repeat("a", 200)), text(strings.Repeat("b", 200)), tensor(stored("0", 4), 0, nil, nil))+".", four),
		"a dict doubled 120 times":       archive(t, doubling("}")+"."),
		"a tensor in it":                 archive(t, doubling(tensor(stored("0", 4), 0, nil, nil))+".", four),
		"tuples, doubled":                archive(t, "\x80\x02)"+strings.Repeat("q\x00h\x00\x86", 200)+"."),
		"a dict within itself":           archive(t, "\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s."),
		"deep dicts":                     archive(t, "\x80\x02"+strings.Repeat("}K\x01", 100000)+"}"+strings.Repeat("s", 100000)+"."),
		"a storage under many names":     archive(t, names(20000), record{"a/data/0", strings.Repeat("\x00", 4<<20)}),
		"a legacy form, tuples in it":    "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.\x80\x02)" + strings.Repeat("q\x00h\x00\x86", 200) + ".\x80\x02].",
	} {
		begin := time.Now()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		path := filepath.Join(t.TempDir(), "x.pt")
		if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := torchfile.Load(path, "")
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: opened", what)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 400<<20 {
			t.Errorf("%s: %d MB allocated for %d bytes (%v)", what, got>>20, len(data), err)
		}
		if took := time.Since(begin); took > time.Minute {
			t.Errorf("%s: %v for %d bytes (%v)", what, took, len(data), err)
		}
	}
}

// FuzzLoad: any bytes give a state dict or an error, for bounded time and memory.
func FuzzLoad(f *testing.F) {
	for _, name := range []string{"state.pt", "state-legacy.pt", "views-legacy.pt", "network4.pkl", "embedding.pkl", "arrays.pkl"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := torchfile.Read(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		state, err := file.State("")
		if err != nil {
			return
		}
		for _, tensor := range state.Tensors {
			if tensor.Count() > 1<<20 {
				continue // expanded
			}
			if raw, err := tensor.Raw(); err == nil && len(raw) != tensor.Count()*tensor.DType.Size() {
				t.Errorf("%q: %d bytes, want %d", tensor.Name, len(raw), tensor.Count()*tensor.DType.Size())
			}
		}
	})
}
