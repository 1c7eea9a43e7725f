CREATE TABLE order_lines (order_id bigint REFERENCES orders, product bigint NOT NULL, count int NOT NULL CHECK (count > 0));
