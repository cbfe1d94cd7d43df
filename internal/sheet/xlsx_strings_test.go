package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestStringsOverTheMemoryLimitAreReadFromAFile(t *testing.T) {
	file := &memoryFile{}
	table := &sharedStrings{maxMemory: 1000, newScratch: func() (Scratch, error) { return file, nil }}
	want := []string{"", strings.Repeat("long", bufferSize), "ü", strings.Repeat("x", 1<<16), strings.Repeat("y", blockBytes-1), ""}
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
		if got, err := table.get(i, MaxRecord+1); err != nil || got != s {
			t.Fatalf("string %d is %.20q, %v", i, got, err)
		}
	}
	if _, err := table.get(len(want), MaxRecord); !errors.Is(err, ErrDamaged) {
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
