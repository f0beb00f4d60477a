// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @notice A node as it describes itself.
/// @param peerKey the Ed25519 public key that its peer id carries
/// @param signatureR first half of that key's signature over `bindingMessage(account)`
/// @param signatureS second half
/// @param capabilities what the node says that it can prove, as protocol/registration encodes it; nothing here reads it
struct Node {
    bytes32 peerKey;
    bytes32 signatureR;
    bytes32 signatureS;
    bytes32 capabilities;
}

/// @notice What an account has staked for one market, in wei.
/// @param amount all of it that can be bonded, bonds included
/// @param locked its part that stands as bonds
/// @param leaving what was taken out and can be withdrawn from `releasedAt` on
struct Stake {
    uint128 amount;
    uint128 locked;
    uint128 leaving;
    uint64 releasedAt;
}

/// @title Nodes: who they say they are, and the stake that their bonds are taken from.
/// @notice An account is tied to a peer id both ways: the account sends the transaction, the peer's key signs the
/// account. Ed25519 has no precompile and would cost more to check here than a proof, so whoever relies on the tie checks
/// the signature; one that does not hold ties nothing. Several accounts may name one peer key: only the signed one counts.
/// @dev A stake is for one market, which its owner chooses by depositing it: no other can touch it, and that one can take
/// no more than it locked.
contract NodeRegistry {
    using SafeCast for uint256;

    /// @notice How long stake stays after it was taken out of use, in seconds.
    uint256 public constant UNBONDING_PERIOD = 1 days;
    /// @notice Where burned coins go: an address that nobody has a key of.
    address public constant BURN_ADDRESS = 0x000000000000000000000000000000000000dEaD;

    bytes32 private constant BINDING_LABEL = keccak256("tessera/peer-binding/1");

    event NodeRegistered(
        address indexed account,
        bytes32 indexed peerKey,
        bytes32 signatureR,
        bytes32 signatureS,
        bytes32 capabilities
    );
    event NodeRemoved(address indexed account);
    event StakeDeposited(address indexed account, address indexed market, address payer, uint256 amount);
    event StakeUnbonding(address indexed account, address indexed market, uint256 amount, uint256 releasedAt);
    event StakeWithdrawn(address indexed account, address indexed market, address to, uint256 amount);
    event StakeSlashed(address indexed account, address indexed market, uint256 amount, uint256 burned);

    error AmountZero();
    error StakeInsufficient(address account, uint256 needed, uint256 free);
    error LockInsufficient(address account, uint256 needed, uint256 locked);
    error BurnExceedsSlash(uint256 burned, uint256 slashed);
    error StakeNotReleased(uint256 releasedAt);

    mapping(address account => Node) private nodes;
    mapping(address account => mapping(address market => Stake)) private stakes;

    /// @notice Ties the caller's account to a peer id, or replaces what it said before.
    function register(Node calldata node) external {
        nodes[msg.sender] = node;
        emit NodeRegistered(msg.sender, node.peerKey, node.signatureR, node.signatureS, node.capabilities);
    }

    /// @notice Takes back what the caller said of itself. Its stake stays.
    function remove() external {
        delete nodes[msg.sender];
        emit NodeRemoved(msg.sender);
    }

    /// @notice The 32 bytes that a peer's key signs to tie itself to an account on this chain.
    function bindingMessage(address account) external view returns (bytes32) {
        return keccak256(abi.encode(BINDING_LABEL, block.chainid, address(this), account));
    }

    /// @notice Adds to what an account, the caller's or another's, has staked for a market, and so lets that market take
    /// bonds from it.
    function deposit(address account, address market) external payable {
        if (msg.value == 0) revert AmountZero();
        stakes[account][market].amount += msg.value.toUint128();
        emit StakeDeposited(account, market, msg.sender, msg.value);
    }

    /// @notice Takes free stake out of use. All that is leaving a market is released together, a period after the last
    /// call.
    function unbond(address market, uint256 amount) external {
        if (amount == 0) revert AmountZero();
        Stake storage stake = stakes[msg.sender][market];
        uint256 free = stake.amount - stake.locked;
        if (amount > free) revert StakeInsufficient(msg.sender, amount, free);
        uint256 releasedAt = block.timestamp + UNBONDING_PERIOD;
        stake.amount -= amount.toUint128();
        stake.leaving += amount.toUint128();
        stake.releasedAt = releasedAt.toUint64();
        emit StakeUnbonding(msg.sender, market, amount, releasedAt);
    }

    /// @notice Pays out what has left a market.
    function withdraw(address market, address payable to) external {
        Stake storage stake = stakes[msg.sender][market];
        uint256 amount = stake.leaving;
        if (amount == 0) revert AmountZero();
        if (block.timestamp < stake.releasedAt) revert StakeNotReleased(stake.releasedAt);
        stake.leaving = 0;
        emit StakeWithdrawn(msg.sender, market, to, amount);
        Address.sendValue(to, amount);
    }

    /// @notice Makes a bond of part of what an account has staked for the calling market.
    /// @dev Locking and unlocking have no events here: a market tells of its claims and of their ends.
    function lock(address account, uint256 amount) external {
        Stake storage stake = stakes[account][msg.sender];
        uint256 free = stake.amount - stake.locked;
        if (amount > free) revert StakeInsufficient(account, amount, free);
        stake.locked += amount.toUint128();
    }

    /// @notice Frees what the calling market locked.
    function unlock(address account, uint256 amount) external {
        takeLock(account, amount);
    }

    /// @notice Takes what the calling market locked: burns a part of it and sends the market the rest.
    function slash(address account, uint256 amount, uint256 burned) external {
        if (burned > amount) revert BurnExceedsSlash(burned, amount);
        takeLock(account, amount);
        stakes[account][msg.sender].amount -= amount.toUint128();
        emit StakeSlashed(account, msg.sender, amount, burned);
        Address.sendValue(payable(BURN_ADDRESS), burned);
        if (amount > burned) Address.sendValue(payable(msg.sender), amount - burned);
    }

    /// @notice What an account says of itself; the signature must be checked by whoever relies on the peer id.
    function nodeOf(address account) external view returns (Node memory) {
        return nodes[account];
    }

    /// @notice What an account has staked for a market.
    function stakeOf(address account, address market) external view returns (Stake memory) {
        return stakes[account][market];
    }

    function takeLock(address account, uint256 amount) private {
        Stake storage stake = stakes[account][msg.sender];
        if (amount > stake.locked) revert LockInsufficient(account, amount, stake.locked);
        stake.locked -= amount.toUint128();
    }
}
