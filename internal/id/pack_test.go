package id_test

import (
	"slices"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/id"
)

func TestPackedIDsAreUnpacked(t *testing.T) {
	for _, ids := range [][]string{{}, {id.New(time.UnixMilli(1))}, {id.New(time.Now()), id.New(time.Now()), "ffffffffffffffffffffffff"}} {
		packed, err := id.Pack(ids)
		if err != nil || len(packed) != 12*len(ids) {
			t.Errorf("%v: %d bytes, %v", ids, len(packed), err)
		}
		if again, err := id.Unpack(packed); err != nil || !slices.Equal(again, ids) {
			t.Errorf("%v, then %v, %v", ids, again, err)
		}
	}
	if _, err := id.Pack([]string{"x"}); err == nil {
		t.Error("a text that is no id was packed")
	}
	if _, err := id.Unpack(make([]byte, 13)); err == nil {
		t.Error("13 bytes were unpacked")
	}
}
