package checkpoint

import (
	"bytes"
	"fmt"
	"hash/crc32"
)

// A file written here has the CRC-32C of all its bytes, header and values, in
// its metadata, as eight hexadecimal digits that count as zeros in the sum
// itself. It is there to find what disks and kills do, not forgers: CRC-32C
// finds every error within 32 neighbouring bits and all but one in four billion
// of the others, and processors compute it faster than a disk reads. Files of
// others have no checksum and are accepted without.
const (
	checksumKey = "crc32c"
	noChecksum  = "00000000"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksumIn returns the eight digits inside a header, nil if there are none.
// Their key can stand nowhere else in this form: quotes within strings are
// escaped, and a tensor of that name has an object for its value.
func checksumIn(header []byte) []byte {
	key := []byte(`"` + checksumKey + `":"`)
	at := bytes.Index(header, key)
	if at < 0 || at+len(key)+len(noChecksum) > len(header) {
		return nil
	}
	return header[at+len(key):][:len(noChecksum)]
}

// verify compares the checksum that the metadata has with the bytes of the
// file, of which it zeroes the digits.
func verify(want string, header, values []byte) error {
	copy(checksumIn(header), noChecksum)
	sum := crc32.Update(crc32.Checksum(header, castagnoli), castagnoli, values)
	if got := fmt.Sprintf("%08x", sum); got != want {
		return fmt.Errorf("checksum %s, want %s as the file says: it is damaged", got, want)
	}
	return nil
}
