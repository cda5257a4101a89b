package runlog

// Scanner reads single lines as a Reader does.
type Scanner struct{ scanner }

func NewScanner() *Scanner { return &Scanner{} }

// Scan reads a line without encoding/json; ok is false where it cannot.
func (s *Scanner) Scan(line []byte) (t Tick, resume, ok bool) { return s.scan(line) }

// Decode reads a line either way.
func (s *Scanner) Decode(line []byte) (Tick, bool, error) { return s.decode(line) }

// DecodeTick reads a line by encoding/json.
func DecodeTick(line []byte) (Tick, bool, error) { return decodeTick(line) }

// EncodeTick returns a tick's line, newline included.
func EncodeTick(t Tick) ([]byte, error) { return t.encode() }
