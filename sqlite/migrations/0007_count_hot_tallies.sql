-- While nothing is hot, a swipe need not look for carried windows: told by a counter that is read at every
-- transaction anyway.
insert into counter (name, value) values ('hot', 0);
