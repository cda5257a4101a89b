package disc

// Reassemble is what becomes of map i before it is projected.
var Reassemble = (*Projector).reassemble
