using System.Text;

namespace Sealer.Hosts.Running;

/// <summary>
/// One of the two outputs of a command, from the line on that says that the command has begun. What comes before it is what
/// the user's start files say, or sudo. Keeps a bounded part, passes all on, and tells lines. For one thread at a time.
/// </summary>
internal sealed class CommandOutput
{
    private const int MaxBefore = 64 * 1024;
    private const int MaxLine = 8 * 1024;

    private readonly byte[] _mark;
    private readonly Stream? _target;
    private readonly Action<string>? _line;
    private readonly int _head;
    private readonly byte[] _tail;
    private readonly MemoryStream _before = new();
    private readonly MemoryStream _kept = new();
    private readonly MemoryStream _pending = new();
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _refused = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _count;
    private long _tailed;

    public CommandOutput(string mark, int limit, Stream? target, Action<string>? line)
    {
        _mark = Encoding.ASCII.GetBytes($"\n{mark}\n");
        _head = limit / 2;
        _tail = new byte[Math.Max(limit - _head, 1)];
        (_target, _line) = (target, line);
    }

    /// <summary>Done once the command itself has begun.</summary>
    public Task Begun => _begun.Task;

    /// <summary>Done once sudo asks for the password again.</summary>
    public Task Refused => _refused.Task;

    /// <summary>What was written before it began.</summary>
    public string Before => Encoding.UTF8.GetString(_before.GetBuffer(), 0, (int)_before.Length);

    public bool Truncated => _target is null && _count > _head + _tail.Length;

    /// <summary>What is kept, with a line between beginning and end that says how much is missing.</summary>
    public string Text
    {
        get
        {
            var kept = Encoding.UTF8.GetString(_kept.GetBuffer(), 0, (int)_kept.Length);
            if (_tailed == 0)
                return kept;
            var end = new byte[Math.Min(_tailed, _tail.Length)];
            for (var i = 0; i < end.Length; i++)
                end[i] = _tail[(_tailed - end.Length + i) % _tail.Length];
            if (Truncated)
                return $"{kept}\n... {_tailed - end.Length} bytes left out ...\n{Encoding.UTF8.GetString(end)}";
            // A character may lie across the two parts.
            return Encoding.UTF8.GetString([.. _kept.ToArray(), .. end]);
        }
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        if (!_begun.Task.IsCompleted)
        {
            _before.Write(data.Span);
            var all = _before.GetBuffer().AsMemory(0, (int)_before.Length);
            var at = all.Span.IndexOf(_mark);
            if (at < 0)
            {
                if (all.Span.IndexOf("try again"u8) >= 0)
                    _refused.TrySetResult();
                Forget(all.Length);
                return;
            }

            data = all[(at + _mark.Length)..].ToArray();
            _before.SetLength(at);
            _begun.TrySetResult();
        }

        if (data.Length == 0)
            return;
        if (_target is not null)
            await _target.WriteAsync(data, cancellationToken).ConfigureAwait(false);
        else
            Keep(data.Span);
        if (_line is not null)
            TellLines(data.Span);
    }

    public void Finish()
    {
        if (_line is not null && _pending.Length > 0)
            TellLine();
    }

    private void Forget(int length)
    {
        if (length <= MaxBefore)
            return;
        var rest = _before.ToArray().AsSpan(length - (MaxBefore / 2));
        _before.SetLength(0);
        _before.Write(rest);
    }

    private void Keep(ReadOnlySpan<byte> data)
    {
        _count += data.Length;
        var first = (int)Math.Min(data.Length, _head - _kept.Length);
        _kept.Write(data[..first]);
        data = data[first..];
        if (data.Length > _tail.Length)
        {
            _tailed += data.Length - _tail.Length;
            data = data[^_tail.Length..];
        }

        foreach (var b in data)
            _tail[_tailed++ % _tail.Length] = b;
    }

    private void TellLines(ReadOnlySpan<byte> data)
    {
        while (data.Length > 0)
        {
            var end = data.IndexOf((byte)'\n');
            var part = end < 0 ? data : data[..end];
            var room = MaxLine - (int)_pending.Length;
            var cut = part.Length > room;
            _pending.Write(cut ? part[..room] : part);
            if (cut || end >= 0)
                TellLine();
            data = cut ? data[room..] : end < 0 ? [] : data[(end + 1)..];
        }
    }

    private void TellLine()
    {
        var text = Encoding.UTF8.GetString(_pending.GetBuffer(), 0, (int)_pending.Length);
        _pending.SetLength(0);
        _line!(text.TrimEnd('\r'));
    }
}
