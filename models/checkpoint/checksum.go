package checkpoint

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
)

// A file written here has two CRC-32C in its metadata, as eight hexadecimal
// digits each: of all values, tensor by tensor in the order of their names, and
// of the header, in which the digits of that second sum count as zeros. They are
// there to find what disks and kills do, not forgers: CRC-32C finds every error
// within 32 neighbouring bits and all but one in four billion of the others, and
// processors compute it faster than a disk reads.
//
// Another program that opens such a file and saves it again carries both sums
// along, though it lays out the header anew and tensors in an order of its own.
// So that this is not taken for damage, a header written here starts with
// headMark, whose space no other writer sets. Where the mark is, a byte that
// changed is damage. Where it isn't, another program wrote the file, and the sum
// of the values tells whether they are still those written here. Files that
// never were ours have no sums and are accepted without.
//
// Older files of ours have one sum, over header and values; see libraryWrote.
const (
	headerSumKey = "crc32c.header"
	valuesSumKey = "crc32c.values"
	oldSumKey    = "crc32c"
	noSum        = "00000000"

	headMark = `{ "` + metadataKey + `":{"`
)

// What is said of a file that another program has changed.
const (
	changed       = "changed by another program since innate wrote it"
	changedHeader = changed + "; the values are the same"
	changedValues = changed + "; the values, too"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// zeroBytes are what appending 1, 2, 4, 8 … zero bytes to a text multiplies its sum
// by: a sum is a polynomial over bits, its highest power in the lowest bit, and such
// a byte is the factor x^8.
var zeroBytes = func() (powers [63]uint32) {
	powers[0] = 1 << (31 - 8)
	for i := 1; i < len(powers); i++ {
		powers[i] = multiply(powers[i-1], powers[i-1])
	}
	return powers
}()

// multiply multiplies polynomials over bits, modulo Castagnoli's.
func multiply(a, b uint32) (product uint32) {
	for ; a != 0; a <<= 1 {
		product ^= b & -(a >> 31)
		b = b>>1 ^ crc32.Castagnoli&-(b&1) // times x
	}
	return product
}

// joinSums is the sum of one text after another, of n bytes, from the sums of both.
func joinSums(first, second uint32, n int64) uint32 {
	for i := 0; n > 0; i, n = i+1, n>>1 {
		if n&1 != 0 {
			first = multiply(zeroBytes[i], first)
		}
	}
	return first ^ second
}

func digits(sum uint32) string { return fmt.Sprintf("%08x", sum) }

// sums are the checksums that a file's metadata states; "" for none.
type sums struct {
	header, values, old string
	marked              bool // the header starts as one written here
}

// takeSums moves the checksums out of the metadata.
func takeSums(header []byte, meta map[string]string) sums {
	s := sums{meta[headerSumKey], meta[valuesSumKey], meta[oldSumKey], bytes.HasPrefix(header, []byte(headMark))}
	for _, key := range []string{headerSumKey, valuesSumKey, oldSumKey} {
		delete(meta, key)
	}
	return s
}

// verifyHeader finds a damaged header. It zeroes the digits of its sum.
func (s sums) verifyHeader(header []byte) error {
	if !s.marked {
		return nil
	}
	for key, sum := range map[string]string{headerSumKey: s.header, valuesSumKey: s.values} {
		if sum == "" {
			return fmt.Errorf("header: no %s, which innate writes: it is damaged", key)
		}
	}
	copy(sumIn(header, headerSumKey), noSum)
	if got := digits(crc32.Checksum(header, castagnoli)); got != s.header {
		return fmt.Errorf("header: checksum %s, want %s as the file says: it is damaged", got, s.header)
	}
	return nil
}

// verifyValues finds damaged values, and says what another program did to the
// file. A sum of the older kind is found over header as well.
func (s sums) verifyValues(header []byte, entries []entry, values *io.SectionReader) (changes string, err error) {
	switch {
	case s.values == "" && s.header == "" && s.old == "":
		return "", nil
	case s.values == "" && s.header == "":
		return s.verifyOld(header, entries, values)
	}
	sorted := slices.SortedFunc(slices.Values(entries), func(a, b entry) int { return strings.Compare(a.name, b.name) })
	sum, buf := crc32.New(castagnoli), chunkFor(values.Size())
	for _, e := range sorted {
		if err := copyFrom(sum, values, e.Offsets[0], e.Offsets[1]-e.Offsets[0], buf); err != nil {
			return "", fmt.Errorf("values: %w", err)
		}
	}
	got := digits(sum.Sum32())
	same := got == s.values
	switch {
	case !s.marked && same:
		return changedHeader, nil
	case !s.marked:
		return changedValues, nil
	case !same:
		return "", fmt.Errorf("values: checksum %s, want %s as the file says: it is damaged", got, s.values)
	}
	return "", nil
}

// verifyOld checks the one sum of an older file: over all bytes, its own digits
// counting as zeros.
func (s sums) verifyOld(header []byte, entries []entry, values *io.SectionReader) (changes string, err error) {
	copy(sumIn(header, oldSumKey), noSum)
	sum := crc32.New(castagnoli)
	_, _ = sum.Write(header) // a hash has no errors
	if err := copyFrom(sum, values, 0, values.Size(), chunkFor(values.Size())); err != nil {
		return "", fmt.Errorf("values: %w", err)
	}
	got := digits(sum.Sum32())
	switch {
	case got == s.old:
		return "", nil
	case libraryWrote(header, entries):
		return changed, nil
	}
	return "", fmt.Errorf("checksum %s, want %s as the file says: it is damaged", got, s.old)
}

// libraryWrote reports whether the safetensors library wrote a header that an
// older innate had written before. Innate sorted the keys of the metadata and
// escaped < > & in them; the library sorts the tensors instead, by type and then
// by name, and does neither of the two.
func libraryWrote(header []byte, entries []entry) bool {
	sorted := slices.IsSortedFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(b.DType.rank(), a.DType.rank()), strings.Compare(a.name, b.name))
	})
	bare := bytes.ContainsAny(header, "<>&") && !bytes.Contains(header, []byte(`\u00`))
	return sorted && (bare || !slices.IsSorted(metadataKeys(header)))
}

// metadataKeys lists the keys of the metadata in the order of the header, which
// has been parsed before.
func metadataKeys(header []byte) (keys []string) {
	dec := json.NewDecoder(bytes.NewReader(header))
	_, _ = dec.Token() // the brace; no error can come where parseHeader saw none
	for dec.More() {
		name, _ := dec.Token()
		if name != metadataKey {
			var skip json.RawMessage
			if dec.Decode(&skip) != nil {
				return nil
			}
			continue
		}
		if brace, _ := dec.Token(); brace != json.Delim('{') {
			return nil
		}
		for dec.More() {
			key, _ := dec.Token()
			if _, err := dec.Token(); err != nil {
				return nil
			}
			keys = append(keys, key.(string)) // an object's key is always a string
		}
		return keys
	}
	return nil
}

// sumIn returns the eight digits under key inside a header, nil if there are
// none. The key can stand nowhere else in this form: quotes within strings are
// escaped, and a tensor of that name has an object for its value.
func sumIn(header []byte, key string) []byte {
	quoted := []byte(`"` + key + `":"`)
	at := bytes.Index(header, quoted)
	if at < 0 || at+len(quoted)+len(noSum) > len(header) {
		return nil
	}
	return header[at+len(quoted):][:len(noSum)]
}
