package xlsx

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sheet/unpack"
)

func TestStringsOverTheMemoryLimitAreReadFromAFile(t *testing.T) {
	file := &memoryFile{}
	table := &sharedStrings{maxMemory: 1000, newScratch: func() (unpack.Scratch, error) { return file, nil }}
	want := []string{"", strings.Repeat("long", 64<<10), "ü", strings.Repeat("x", 1<<16), strings.Repeat("y", blockBytes-1), ""}
	for i := range 20_000 {
		want = append(want, fmt.Sprint("string ", i))
	}
	for _, s := range want {
		if err := table.add([]byte(s)); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.flush(); err != nil {
		t.Fatal(err)
	}
	for i, s := range want {
		if got, err := table.get(i, record.MaxSize+1); err != nil || got != s {
			t.Fatalf("string %d is %.20q, %v", i, got, err)
		}
	}
	if _, err := table.get(len(want), record.MaxSize); !errors.Is(err, unpack.ErrDamaged) {
		t.Error(err)
	}
	if table.file == nil || table.memory > 1000 || file.Len() == 0 {
		t.Error("everything is in memory")
	}
	if err := table.close(); err != nil {
		t.Fatal(err)
	}
	if !file.closed {
		t.Error("the file was not closed")
	}
}

// memoryFile is a Scratch in memory.
type memoryFile struct {
	bytes.Buffer
	closed bool
}

func (m *memoryFile) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(m.Bytes()).ReadAt(p, off)
}

func (m *memoryFile) Close() error {
	m.closed = true
	return nil
}
