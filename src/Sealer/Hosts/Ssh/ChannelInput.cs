using System.Reflection;
using System.Runtime.InteropServices;
using Renci.SshNet;
using Renci.SshNet.Common;

namespace Sealer.Hosts.Ssh;

/// <summary>
/// The input of a command. SSH.NET looks whether the channel is open before it waits for whatever else, so that content, the
/// input's end or a signal can follow the end of the channel; sshd then breaks off the connection with all that runs on it ("data
/// packet referred to nonexistent channel"). And it waits for ever for room on a channel that has ended. Here both happen under the
/// lock under which the channel's other side is answered, and what there is no room for waits until there is, or the command ends.
/// </summary>
internal sealed class ChannelInput : Stream
{
    // So little at once that the other side is answered in between.
    private const int Piece = 64 << 10;
    private const BindingFlags Inner = BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public;

    private static readonly FieldInfo? Channel = typeof(SshCommand).GetField("_channel", Inner);
    private static readonly Type? ChannelType = typeof(SshCommand).Assembly.GetType("Renci.SshNet.Channels.Channel");
    private static readonly FieldInfo? Lock = ChannelType?.GetField("_messagingLock", Inner);
    private static readonly FieldInfo? IsAnswered = ChannelType?.GetField("_closeMessageSent", Inner);
    private static readonly FieldInfo? RoomMade = ChannelType?.GetField("_channelServerWindowAdjustWaitHandle", Inner);
    private static readonly PropertyInfo? Room = ChannelType?.GetProperty("RemoteWindowSize", Inner);
    private static readonly MethodInfo? Ends = ChannelType?.GetMethod("SendEof", Type.EmptyTypes);
    private static readonly MethodInfo? Signals = typeof(SshCommand).Assembly.GetType("Renci.SshNet.Channels.ChannelSession")?.GetMethod("SendSignalRequest", [typeof(string)]);

    private readonly SshCommand _command;
    private readonly object? _channel;
    private readonly EventWaitHandle? _roomMade;
    private Stream? _input;
    private bool _hasBegun;
    private bool _isEnded;

    /// <param name="command">A command that was begun; its channel is asked for now, for it forgets it in the end.</param>
    public ChannelInput(SshCommand command)
    {
        (_command, _channel) = (command, Channel?.GetValue(command));
        _roomMade = _channel is null ? null : RoomMade?.GetValue(_channel) as EventWaitHandle;
    }

    /// <summary>False where another version of SSH.NET names these things otherwise, and all is left to it.</summary>
    public static bool IsGuarded => Channel is not null && Lock is not null && IsAnswered is not null && RoomMade is not null && Room is not null && Ends is not null && Signals is not null;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    private bool Guards => IsGuarded && _channel is not null && _roomMade is not null;

    /// <summary>Begins. What writes to it is one at a time.</summary>
    public void Open() => _input = _command.CreateInputStream();

    /// <summary>Asks the command to end, where it can still be asked.</summary>
    public void Terminate()
    {
        if (!Guards)
            return;
        try
        {
            WhereOpen(() => Signals!.Invoke(_channel, BindingFlags.DoNotWrapExceptions, null, ["TERM"], null));
        }
        catch (Exception error) when (error is SshException or ObjectDisposedException or System.Net.Sockets.SocketException)
        {
            // The connection is gone, and the command with it.
        }
    }

    /// <exception cref="InvalidOperationException">The command has ended.</exception>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!Guards)
        {
            await _input!.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
            return;
        }

        var bytes = MemoryMarshal.TryGetArray(buffer, out var array) ? array : new ArraySegment<byte>(buffer.ToArray());
        // Encrypting and the socket take their time.
        var left = await Task.Run(() => WriteWhatThereIsRoomFor(bytes, cancellationToken), cancellationToken).ConfigureAwait(false);
        if (left.Count == 0)
            return;
        // Room comes in pieces so small that waking costs more than writing: a thread that waits itself is awake at once.
        await Task.Factory.StartNew(
            () =>
            {
                WaitHandle[] news = [_roomMade!, cancellationToken.WaitHandle];
                for (; left.Count > 0; left = WriteWhatThereIsRoomFor(left, cancellationToken))
                    WaitHandle.WaitAny(news);
            },
            cancellationToken,
            TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
            TaskScheduler.Default).ConfigureAwait(false);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("It is written asynchronously.");

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Ends the input, unless the channel has ended already.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isEnded && _input is { } input)
        {
            _isEnded = true;
            if (!Guards)
                input.Dispose();
            // Its command disposes the input once more, and would end it without the lock.
            else if (!WhereOpen(() => End(input)))
                input.GetType().GetField("_isDisposed", Inner)?.SetValue(input, true);
        }

        base.Dispose(disposing);
    }

    // Of an input in which there was nothing SSH.NET does not tell the end, and who reads it waits for ever.
    private void End(Stream input)
    {
        input.Dispose();
        if (!_hasBegun)
            Ends!.Invoke(_channel, BindingFlags.DoNotWrapExceptions, null, null, null);
    }

    /// <returns>What there is no room for.</returns>
    private ArraySegment<byte> WriteWhatThereIsRoomFor(ArraySegment<byte> bytes, CancellationToken cancellationToken)
    {
        while (bytes.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var sent = 0;
            // Before it is looked: room that is made from here on is heard of.
            _roomMade!.Reset();
            var isOpen = WhereOpen(() =>
            {
                // More than there is room for it would wait for, under the lock.
                sent = (int)Math.Min((uint)Room!.GetValue(_channel)!, (uint)Math.Min(bytes.Count, Piece));
                _hasBegun |= sent > 0;
                if (sent > 0)
                    _input!.Write(bytes.Array!, bytes.Offset, sent);
            });
            if (!isOpen)
                throw new InvalidOperationException("The command has ended.");
            if (sent == 0)
                break;
            bytes = bytes[sent..];
        }

        return bytes;
    }

    /// <returns>False where the channel has ended, so that nothing was done.</returns>
    private bool WhereOpen(Action action)
    {
        // Where SSH.NET is built for .NET 9 or later it is a Lock, which no monitor keeps out.
        var gate = Lock!.GetValue(_channel)!;
        var kind = gate.GetType();
        var isLock = kind.FullName == "System.Threading.Lock";
        if (isLock)
            kind.GetMethod("Enter", Type.EmptyTypes)!.Invoke(gate, null);
        else
            Monitor.Enter(gate);
        try
        {
            if ((bool)IsAnswered!.GetValue(_channel)!)
                return false;
            action();
            return true;
        }
        finally
        {
            if (isLock)
                kind.GetMethod("Exit", Type.EmptyTypes)!.Invoke(gate, null);
            else
                Monitor.Exit(gate);
        }
    }
}
