// Package id generates ids: 24 lower-case hex digits that sort by the
// millisecond of their creation, and within one process by their order.
package id

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"sync/atomic"
	"time"
)

// Size is the length of an id in hex digits.
const Size = 24

// Max sorts after every id.
const Max = "g"

var (
	process [3]byte
	counter atomic.Uint32
)

func init() {
	var seed [8]byte
	_, _ = rand.Read(seed[:]) // never fails, see crypto/rand
	copy(process[:], seed[:3])
	counter.Store(uint32(seed[5])<<8 | uint32(seed[6]))
}

// New returns an id for the given time: 4 bytes of seconds, 2 of milliseconds,
// 3 random ones per process, 3 of a counter.
func New(now time.Time) string {
	var raw [12]byte
	binary.BigEndian.PutUint32(raw[:4], uint32(now.Unix()))
	binary.BigEndian.PutUint16(raw[4:6], uint16(now.Nanosecond()/1_000_000))
	copy(raw[6:9], process[:])
	n := counter.Add(1)
	raw[9], raw[10], raw[11] = byte(n>>16), byte(n>>8), byte(n)
	return hex.EncodeToString(raw[:])
}

// Time returns the time at which a valid id was made, in Unix milliseconds.
func Time(s string) int64 {
	raw, _ := hex.DecodeString(s[:12]) // valid ids are hex
	return int64(binary.BigEndian.Uint32(raw[:4]))*1_000 + int64(binary.BigEndian.Uint16(raw[4:6]))
}

// First returns the lowest id of a time in Unix milliseconds.
func First(ms int64) string {
	var raw [12]byte
	at := time.UnixMilli(ms)
	binary.BigEndian.PutUint32(raw[:4], uint32(at.Unix()))
	binary.BigEndian.PutUint16(raw[4:6], uint16(at.Nanosecond()/1_000_000))
	return hex.EncodeToString(raw[:])
}

// Valid reports whether s has the form of an id.
func Valid(s string) bool {
	if len(s) != Size {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Secret returns n random bytes in hex, for tokens, keys and passwords.
func Secret(n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw)
	return hex.EncodeToString(raw)
}
