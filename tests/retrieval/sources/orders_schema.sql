-- Orders of the web shop for accessories. Money is kept in pence.

CREATE TABLE customer (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    vat_number TEXT, -- empty for private people
    blocked INTEGER NOT NULL DEFAULT 0 -- 1: pays in advance only
);

CREATE TABLE purchase (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customer (id),
    placed_at TEXT NOT NULL, -- UTC
    discount_percent INTEGER NOT NULL DEFAULT 0 CHECK (discount_percent <= 20),
    shipped_at TEXT
);

-- A line is copied from the price list when it is ordered: later price changes must not touch it.
CREATE TABLE purchase_line (
    purchase_id INTEGER NOT NULL REFERENCES purchase (id),
    article TEXT NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    unit_pence INTEGER NOT NULL
);

-- Purchases that have waited for more than three weeks; read by the reminder mail.
CREATE VIEW overdue AS
SELECT p.id, c.name, p.placed_at
FROM purchase p JOIN customer c ON c.id = p.customer_id
WHERE p.shipped_at IS NULL AND julianday('now') - julianday(p.placed_at) > 21;

-- Customers are never deleted, their names are overwritten ten years after the last purchase.
CREATE TRIGGER keep_customer BEFORE DELETE ON customer
BEGIN
    SELECT RAISE(ABORT, 'customers are anonymised, not deleted');
END;
