-- What an insert costs, whatever it brings: files. A wide part is a hundred of them for each table, and making them took
-- more time than filling them; parts are compact until they are large. Statistics by column have no reader here.
ALTER TABLE spans MODIFY SETTING min_bytes_for_wide_part = 268435456, auto_statistics_types = '';
ALTER TABLE span_io MODIFY SETTING min_bytes_for_wide_part = 268435456, auto_statistics_types = '';
ALTER TABLE trace_parts MODIFY SETTING min_bytes_for_wide_part = 67108864, auto_statistics_types = '';
ALTER TABLE trace_index MODIFY SETTING auto_statistics_types = '';
ALTER TABLE route_1m MODIFY SETTING auto_statistics_types = '';
ALTER TABLE usage_1h MODIFY SETTING auto_statistics_types = '';
ALTER TABLE dist_1h MODIFY SETTING auto_statistics_types = '';
