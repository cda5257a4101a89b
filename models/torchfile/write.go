package torchfile

import (
	"archive/zip"
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"innate/models/atomicfile"
	"innate/models/checkpoint"
)

// What Write puts into its one folder. PyTorch aligns values to 64 bytes, so that
// they can be mapped.
const (
	folder    = "archive/"
	alignment = 64
)

// Write stores the tensors of f as torch.save does a state dict, in the zip form,
// one storage a tensor: torch.load reads it with weights_only, which runs nothing.
// The metadata go along as a state dict's own, where load_state_dict passes them by.
func Write(path string, f *checkpoint.File) error {
	err := atomicfile.Write(path, atomicfile.SyncDir, func(to io.Writer) error {
		w := &counter{w: bufio.NewWriterSize(to, 1<<20)}
		if err := write(w, f); err != nil {
			return err
		}
		return w.w.Flush()
	})
	if err != nil {
		return fmt.Errorf("torchfile: %w", err)
	}
	return nil
}

// counter knows how much has been written.
type counter struct {
	w *bufio.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

func write(w *counter, f *checkpoint.File) error {
	z := zip.NewWriter(w)
	head, err := stateDict(f)
	if err != nil {
		return err
	}
	put := func(name string, content func() ([]byte, error)) error {
		if err := z.Flush(); err != nil {
			return err
		}
		b, err := content()
		if err != nil {
			return err
		}
		h := &zip.FileHeader{Name: folder + name, Method: zip.Store}
		const local, extra = 30, 4 // bytes before the name, and before the padding
		pad := -(w.n + local + int64(len(h.Name)) + extra) & (alignment - 1)
		h.Extra = append(binary.LittleEndian.AppendUint16([]byte("FB"), uint16(pad)), make([]byte, pad)...)
		entry, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		_, err = entry.Write(b)
		return err
	}
	text := func(s string) func() ([]byte, error) { return func() ([]byte, error) { return []byte(s), nil } }
	if err := put(pickleName, text(head)); err != nil {
		return err
	}
	if err := put("byteorder", text("little")); err != nil {
		return err
	}
	for i, t := range f.Tensors() {
		if err := put(fmt.Sprintf("data/%d", i), t.Raw); err != nil {
			return err
		}
	}
	if err := put("version", text("3\n")); err != nil {
		return err
	}
	return z.Close()
}

// torchNames are PyTorch's names of safetensors' types.
var torchNames = func() map[checkpoint.DType]string {
	names := map[checkpoint.DType]string{}
	for name, d := range dtypes {
		names[d] = name
	}
	return names
}()

// classes are the storages of types that have one of their own.
var classes = func() map[string]string {
	names := map[string]string{}
	for class, dtype := range typed {
		names[dtype] = class
	}
	return names
}()

// stateDict is the pickle, in protocol 2: an ordered dict of tensors and, as its
// _metadata, that of f.
func stateDict(f *checkpoint.File) (string, error) {
	var b strings.Builder
	const ordered = "ccollections\nOrderedDict\n)R"
	b.WriteString("\x80\x02" + ordered + "(")
	for i, t := range f.Tensors() {
		name, ok := torchNames[t.DType]
		if !ok {
			return "", fmt.Errorf("tensor %q: type %s, which PyTorch's files do not have", t.Name, t.DType)
		}
		class, count := "ctorch.storage\nUntypedStorage\n", t.Count()*t.DType.Size()
		if own := classes[name]; own != "" {
			class, count = "ctorch\n"+own+"Storage\n", t.Count()
		}
		strides := make([]int, len(t.Shape))
		next := 1
		for k := len(strides) - 1; k >= 0; k-- {
			strides[k] = next
			next *= max(1, t.Shape[k])
		}
		version, dtype := "2", ""
		if classes[name] == "" {
			version, dtype = "3", "ctorch\n"+name+"\n"
		}
		b.WriteString(asText(t.Name) + "ctorch._utils\n_rebuild_tensor_v" + version + "\n((" + asText("storage") + class +
			asText(fmt.Sprint(i)) + asText("cpu") + asInt(count) + "tQ" + asInt(0) + asTuple(t.Shape) + asTuple(strides) +
			"\x89" + ordered + dtype + "tR")
	}
	b.WriteString("u}" + asText("_metadata") + ordered + asText("") + "}(" + asText("version") + asInt(1) + asText(metadataKey) + "}(")
	for _, key := range slices.Sorted(maps.Keys(f.Metadata)) {
		b.WriteString(asText(key) + asText(f.Metadata[key]))
	}
	b.WriteString("uussb.")
	return b.String(), nil
}

// metadataKey is where a state dict's metadata has that of innate.
const metadataKey = "innate"

func asText(s string) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
}

func asInt(n int) string {
	if n >= 0 && n < 1<<31 {
		return "J" + string(binary.LittleEndian.AppendUint32(nil, uint32(n)))
	}
	return "\x8a\x08" + string(binary.LittleEndian.AppendUint64(nil, uint64(n)))
}

func asTuple(values []int) string {
	var b strings.Builder
	b.WriteString("(")
	for _, v := range values {
		b.WriteString(asInt(v))
	}
	return b.String() + "t"
}
