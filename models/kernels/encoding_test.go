package kernels_test

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Vector instructions that Go's assembler has no name for are words in the assembly for
// 64-bit ARM, with what they mean beside them: a disassembler must say the same.
func TestEncodings(t *testing.T) {
	files, err := filepath.Glob("*_arm64.s")
	if err != nil || len(files) == 0 {
		t.Fatalf("no assembly for arm64: %v", err)
	}
	objdump, err := exec.LookPath("aarch64-linux-gnu-objdump")
	if err != nil {
		t.Skip("no aarch64-linux-gnu-objdump")
	}
	word := regexp.MustCompile(`\tWORD \$(0x[0-9a-f]+) // (.*)`)
	var code []byte
	var want []string
	seen := map[string]bool{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range word.FindAllStringSubmatch(string(text), -1) {
			if seen[m[0]] {
				continue
			}
			seen[m[0]] = true
			bits, err := strconv.ParseUint(m[1], 0, 32)
			if err != nil {
				t.Fatalf("%s: %q: %v", name, m[0], err)
			}
			code = binary.LittleEndian.AppendUint32(code, uint32(bits))
			want = append(want, m[2])
		}
	}
	path := filepath.Join(t.TempDir(), "code")
	if err := os.WriteFile(path, code, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(objdump, "-D", "-b", "binary", "-m", "aarch64", "-z", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(out)) { // "   0:\t4f00041f \tmovi\tv31.4s, #0x0"
		if fields := strings.Split(strings.TrimSpace(line), "\t"); len(fields) >= 3 && strings.HasSuffix(fields[0], ":") {
			got = append(got, strings.Join(fields[2:], " "))
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d words are %d instructions to the disassembler", len(want), len(got))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%#x is %q, want %q", binary.LittleEndian.Uint32(code[4*i:]), got[i], want[i])
		}
	}
	t.Logf("%d different words", len(want))
}
