-- Images, speech, transcriptions, realtime sessions and the like are calls of models too: they cost money (isModelCall of
-- schemas/span.ts). Rows that are there already keep what they are.
ALTER TABLE spans MODIFY COLUMN is_call Bool MATERIALIZED
    op IN ('chat', 'generate_content', 'text_completion', 'embeddings', 'image', 'speech', 'transcription', 'moderation', 'rerank', 'batch', 'realtime')
    AND kind != 'server';
