package chain

// SetMaxQuick sets the number of entries that are verified during a request.
func (c *Chain) SetMaxQuick(n int64) { c.maxQuick = n }
