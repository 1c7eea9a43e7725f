CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint NOT NULL, placed_at timestamptz NOT NULL);
