package id

import (
	"encoding/hex"
	"fmt"
)

// packedSize is the number of bytes of a packed id.
const packedSize = Size / 2

// Pack returns valid ids in 12 bytes each.
func Pack(ids []string) ([]byte, error) {
	packed := make([]byte, 0, len(ids)*packedSize)
	for _, one := range ids {
		if !Valid(one) {
			return nil, fmt.Errorf("id: %q is not an id", one)
		}
		packed, _ = hex.AppendDecode(packed, []byte(one)) // valid ids are hex
	}
	return packed, nil
}

// Unpack returns the ids that Pack packed.
func Unpack(packed []byte) ([]string, error) {
	if len(packed)%packedSize != 0 {
		return nil, fmt.Errorf("id: %d bytes are not packed ids", len(packed))
	}
	ids := make([]string, 0, len(packed)/packedSize)
	for ; len(packed) > 0; packed = packed[packedSize:] {
		ids = append(ids, hex.EncodeToString(packed[:packedSize]))
	}
	return ids, nil
}
